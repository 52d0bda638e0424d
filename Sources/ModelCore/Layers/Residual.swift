import Support

/// A residual block, body(x) + shortcut(x), where both are lists of layers: `residual [LAYER; …]
/// [shortcut [LAYER; …]]`. Without a shortcut, it is body(x) + x. He et al., 2016.
public struct Residual: ContainerLayer {
  public static let keyword = "residual"
  public let body: LayerList
  public let shortcut: LayerList

  public init(body: LayerList, shortcut: LayerList = LayerList([any Layer]())) {
    self.body = body
    self.shortcut = shortcut
  }

  public init(_ words: inout LayerWords) throws {
    body = try words.layers("the body")
    shortcut = words.take("shortcut") ? try words.layers("the shortcut") : LayerList([any Layer]())
  }

  public var text: String {
    "residual \(body.bracketed)"
      + (shortcut.layers.isEmpty ? "" : " shortcut \(shortcut.bracketed)")
  }

  public func outputShape(of input: [Int]) throws -> [Int] {
    let output = try body.shapes(from: input).last ?? input
    let bypass = try shortcut.shapes(from: input).last ?? input
    guard output == bypass else {
      throw Failure.badData(
        "the body and the shortcut must have outputs of the same shape; the body's is \(output), "
          + "the shortcut's \(bypass)")
    }
    return output
  }

  var parts: [(name: String, layers: LayerList)] { [("body", body), ("shortcut", shortcut)] }

  func replacing(_ parts: [LayerList]) -> Residual { Residual(body: parts[0], shortcut: parts[1]) }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    let bypass = shortcut.apply(x, parameters.part("shortcut"), pass)
    return body.apply(x, parameters.part("body"), pass)
      + (pass.erosion?.scaled(bypass, at: parameters.prefix) ?? bypass)
  }

  public func bounds(_ inputs: Bounds, _ parameters: LayerParameters, _ pass: Pass) throws -> Bounds
  {
    let a = try body.bounds(inputs, parameters.part("body"), pass)
    let b = try shortcut.bounds(inputs, parameters.part("shortcut"), pass)
    return Bounds(around: a.center + b.center, by: a.radius + b.radius)
  }

  public func contributions(
    _ inputs: Contributions, _ parameters: LayerParameters, _ pass: Pass
  ) throws -> Contributions {
    let a = try body.contributions(inputs, parameters.part("body"), pass)
    let b = try shortcut.contributions(inputs, parameters.part("shortcut"), pass)
    return Contributions(
      relevant: a.relevant + b.relevant, irrelevant: a.irrelevant + b.irrelevant)
  }
}
