import Foundation
import ModelCore
import TestSupport

/// An ONNX file of a linear classifier of pictures of 1 x 2 x 3 pixels, written in one of many ways.
/// Its logits are W·x + b.
struct AwkwardOnnx: Sendable {
  /// Where the weights are.
  enum Weights: CaseIterable {
    /// In the file, as bytes.
    case raw
    /// In the file, as a list of numbers.
    case list
    /// In a file beside it.
    case beside
    /// In a file beside it that does not exist.
    case missing
    /// In a file beside it that is too short.
    case cut
    /// In a file outside of the folder.
    case outside
  }

  /// What the graph has besides its product.
  enum Extra: CaseIterable { case nothing, identity, unknown, twoUnknown }

  /// The size of the batch that the file states; nil: free.
  let batch: Int?
  let weights: Weights
  let extra: Extra
  let isTransposed: Bool
  let opset: Int
  let name: String

  static let (pixels, classes) = (6, 3)
  static let matrix: [Float] = (0..<pixels * classes).map { Float($0 * 7 % 5) - 2 }
  static let bias: [Float] = [0.5, -0.25, 0]

  /// One of the awkward files. The same number gives the same file.
  init(_ number: Int) {
    batch = [nil, 1, 2, 4, 8][number % 5]
    weights = Weights.allCases[number / 5 % Weights.allCases.count]
    // An unknown operator hides what else is wrong, so it comes alone.
    extra =
      number % 4 != 3 ? .nothing : Extra.allCases[number / 4 % Extra.allCases.count]
    isTransposed = number % 2 == 0
    opset = [11, 13, 17, 18][number / 3 % 4]
    name = ["x", "größe", "a b", "input.1"][number / 7 % 4]
  }

  /// Whether the file can be read.
  var isSound: Bool { hasWeights && unknown.isEmpty }

  /// Whether all weights can be found.
  var hasWeights: Bool { [.raw, .list, .beside].contains(weights) }

  /// The names of the operators that no reader knows.
  var unknown: [String] {
    switch extra {
    case .nothing, .identity: []
    case .unknown: ["Frobnicate"]
    case .twoUnknown: ["Frobnicate", "Twiddle"]
    }
  }

  /// Writes the file, and the file of its weights.
  func write(to folder: URL) throws -> URL {
    let place = folder.appending(path: "model.onnx")
    try Data(bytes).write(to: place)
    let numbers = OnnxBytes.floats(stored + Self.bias)
    switch weights {
    case .beside: try Data(numbers).write(to: folder.appending(path: "model.onnx.data"))
    case .cut: try Data(numbers.dropLast(5)).write(to: folder.appending(path: "model.onnx.data"))
    case .outside:
      try Data(numbers).write(to: folder.deletingLastPathComponent().appending(path: outsideName))
    default: break
    }
    return place
  }

  /// Removes what `write` has written outside of the folder.
  func clean(_ folder: URL) {
    let place = folder.deletingLastPathComponent().appending(path: outsideName)
    if weights == .outside { try? FileManager.default.removeItem(at: place) }
  }

  private let outsideName = "crossfire-awkward-\(UUID().uuidString).data"

  /// W·x + b for pictures `[N, 6]`.
  func logits(_ pictures: [[Float]]) -> [Float] {
    pictures.flatMap { x in
      (0..<Self.classes).map { k in
        (0..<Self.pixels).reduce(Self.bias[k]) { $0 + Self.matrix[k * Self.pixels + $1] * x[$1] }
      }
    }
  }

  /// The matrix as the file has it: `[classes, pixels]` if it is transposed, else
  /// `[pixels, classes]`.
  private var stored: [Float] {
    isTransposed
      ? Self.matrix
      : (0..<Self.pixels).flatMap { p in
        (0..<Self.classes).map { Self.matrix[$0 * Self.pixels + p] }
      }
  }

  private var bytes: [UInt8] {
    typealias B = OnnxBytes
    let size = batch.map { B.Dimension.size($0) } ?? .free("batch")
    var nodes = [
      B.node("Flatten", [name], "flat", [B.attribute("axis", 1)]),
      B.node("Gemm", ["flat", "W", "b"], "product", [B.attribute("transB", isTransposed ? 1 : 0)]),
    ]
    var last = "product"
    for operation in unknown + (extra == .identity ? ["Identity"] : []) {
      nodes.append(B.node(operation, [last], last + "'"))
      last += "'"
    }
    nodes.append(B.node("Identity", [last], "logits"))
    let shape = isTransposed ? [Self.classes, Self.pixels] : [Self.pixels, Self.classes]
    return B.model(
      nodes: nodes,
      initializers: [tensor("W", shape, stored, 0), tensor("b", [3], Self.bias, stored.count)],
      inputs: [B.value(name, [size, .size(1), .size(2), .size(3)])],
      outputs: [B.value("logits", [size, .size(Self.classes)])], opset: opset)
  }

  private func tensor(_ name: String, _ shape: [Int], _ numbers: [Float], _ start: Int) -> [UInt8] {
    typealias B = OnnxBytes
    let head = shape.flatMap { B.field(1, $0) } + B.field(2, 1) + B.field(8, name)
    switch weights {
    case .raw: return head + B.field(9, B.floats(numbers))
    case .list: return head + B.field(4, B.floats(numbers))
    default:
      let file = weights == .outside ? "../" + outsideName : "model.onnx.data"
      let entries = [
        ("location", file), ("offset", "\(4 * start)"), ("length", "\(4 * numbers.count)"),
      ]
      return head + entries.flatMap { B.field(13, B.field(1, $0.0) + B.field(2, $0.1)) }
        + B.field(14, 1)
    }
  }
}
