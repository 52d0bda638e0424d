import Foundation
import ModelCore
import Support

/// A small network with random weights, and its bounds by another library.
struct ReferenceNetwork: CustomStringConvertible {
  let name: String
  let layers: [String]
  var description: String { name }

  static let all: [ReferenceNetwork] = [
    dense("relu"), dense("leakyrelu"), dense("tanh"), dense("sigmoid"),
    ReferenceNetwork(
      name: "conv",
      layers: [
        "conv 4 kernel 3 stride 2 padding 1", "relu", "conv 6 kernel 3", "relu", "flatten",
        "linear 5",
      ]),
    ReferenceNetwork(
      name: "residual",
      layers: [
        "conv 4 kernel 3 padding 1", "relu",
        "residual [conv 4 kernel 3 padding 1; relu; conv 4 kernel 3 padding 1]", "relu", "flatten",
        "linear 5",
      ]),
  ]

  private static func dense(_ activation: String) -> ReferenceNetwork {
    ReferenceNetwork(
      name: activation,
      layers: ["flatten", "linear 30", activation, "linear 20", activation, "linear 5"])
  }

  private static let file: SafetensorsFile? = {
    let place = URL(filePath: #filePath).deletingLastPathComponent()
    return try? SafetensorsFile(place.appending(path: "reference.safetensors"))
  }()

  /// A tensor of the file, such as `images` or `linf.crown.lower`.
  func tensor(_ key: String) throws -> Tensor {
    guard let file = Self.file else { throw Failure.badData("reference.safetensors is missing") }
    return try file.tensor("\(name).\(key)")
  }

  func network() throws -> Network {
    let description = try NetworkDescription(
      input: InputShape(channels: 1, height: 8, width: 8), layers: LayerList(layers),
      classNames: (0..<5).map(String.init))
    let tensors = try description.parameters().map { ($0.name, try tensor($0.name)) }
    return try Network(
      description, tensors: Dictionary(uniqueKeysWithValues: tensors), learns: false)
  }

  /// The images whose bounds the file has: a box for `linf`, and a ball for `l2`.
  func set(_ norm: String) throws -> InputSet {
    let images = try tensor("images")
    let size = try tensor("\(norm).size").scalar
    guard norm == "l2" else { return InputSet(Bounds(around: images, by: images * 0 + size)) }
    return InputSet(
      Bounds(around: images, by: images * 0 + size),
      within: InputSet.Ball(around: images, radius: size))
  }
}
