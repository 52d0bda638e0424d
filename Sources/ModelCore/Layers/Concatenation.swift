import Support

/// The input, followed by what a list of layers makes of it, joined along the channels of pictures or
/// the numbers of rows: `concat [LAYER; …]`. It is a layer of the blocks of Huang et al., 2017, in
/// which each layer sees the outputs of all layers before it.
public struct Concatenation: ContainerLayer {
  public static let keyword = "concat"
  public let body: LayerList

  public init(_ body: LayerList) { self.body = body }
  public init(_ words: inout LayerWords) throws { body = try words.layers("the body") }
  public var text: String { "concat \(body.bracketed)" }

  public func outputShape(of input: [Int]) throws -> [Int] {
    let added = try body.shapes(from: input).last ?? input
    guard added.dropFirst() == input.dropFirst() else {
      throw Failure.badData(
        "the outputs of the body, \(added), must differ from the input, \(input), in nothing but "
          + "the first size")
    }
    return [input[0] + added[0]] + input.dropFirst()
  }

  var parts: [(name: String, layers: LayerList)] { [("body", body)] }
  func replacing(_ parts: [LayerList]) -> Concatenation { Concatenation(parts[0]) }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    joined(x, body.apply(x, parameters.part("body"), pass))
  }

  public func bounds(_ inputs: Bounds, _ parameters: LayerParameters, _ pass: Pass) throws -> Bounds
  {
    let added = try body.bounds(inputs, parameters.part("body"), pass)
    return Bounds(
      around: joined(inputs.center, added.center), by: joined(inputs.radius, added.radius))
  }

  public func contributions(
    _ inputs: Contributions, _ parameters: LayerParameters, _ pass: Pass
  ) throws -> Contributions {
    let added = try body.contributions(inputs, parameters.part("body"), pass)
    return Contributions(
      relevant: joined(inputs.relevant, added.relevant),
      irrelevant: joined(inputs.irrelevant, added.irrelevant))
  }

  /// x [N, C, …], added [N, D, …] → [N, C + D, …]
  private func joined(_ x: Tensor, _ added: Tensor) -> Tensor {
    Tensor.concatenate([x, added], along: 1)
  }
}
