import Support

/// A residual block, body(x) + shortcut(x), where both are lists of layers: `residual [LAYER; …]
/// [shortcut [LAYER; …]]`. Without a shortcut, it is body(x) + x. He et al., 2016.
public struct Residual: Layer {
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
    func list(_ layers: LayerList) -> String { "[" + layers.texts.joined(separator: "; ") + "]" }
    return "residual \(list(body))" + (shortcut.layers.isEmpty ? "" : " shortcut \(list(shortcut))")
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

  public func parameters(for input: [Int]) -> [ParameterDescription] {
    [("body", body), ("shortcut", shortcut)].flatMap { part, layers in
      // This cannot throw: a network asks for parameters only after `outputShape` accepted the
      // input.
      ((try? layers.parameters(for: input)) ?? []).map {
        ParameterDescription("\(part).\($0.name)", $0.shape, $0.role)
      }
    }
  }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    body.apply(x, parameters.part("body"), pass)
      + shortcut.apply(x, parameters.part("shortcut"), pass)
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
