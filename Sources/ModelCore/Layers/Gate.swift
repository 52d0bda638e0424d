import Support

/// The input multiplied by what a list of layers makes of it: `gate [LAYER; …]`.
///
///     y = x · body(x)
///
/// The body gives one number for each number of the input, or one for each channel of a picture.
/// With a global pooling at its beginning and a sigmoid at its end, this is squeeze and excitation:
///
///     gate [globalavgpool; conv 8 kernel 1; relu; conv 32 kernel 1; sigmoid]
///
/// Source: Hu et al., 2018.
public struct Gate: ContainerLayer {
  public static let keyword = "gate"
  public let body: LayerList

  public init(_ body: LayerList) { self.body = body }
  public init(_ words: inout LayerWords) throws { body = try words.layers("the body") }
  public var text: String { "gate \(body.bracketed)" }

  public func outputShape(of input: [Int]) throws -> [Int] {
    let factors = try body.shapes(from: input).last ?? input
    let perChannel = input.count == 3 ? [input[0], 1, 1] : input
    guard factors == input || factors == perChannel else {
      throw Failure.badData(
        "the body of a gate must have outputs of the input's shape \(input)"
          + (input.count == 3 ? ", or one number for each channel, \(perChannel)" : "")
          + "; found \(factors)")
    }
    return input
  }

  var parts: [(name: String, layers: LayerList)] { [("body", body)] }
  func replacing(_ parts: [LayerList]) -> Gate { Gate(parts[0]) }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    x * body.apply(x, parameters.part("body"), pass)
  }

  /// All products of a number in the input's interval and one in the factor's interval. That both
  /// depend on the same input is not used.
  public func bounds(_ inputs: Bounds, _ parameters: LayerParameters, _ pass: Pass) throws -> Bounds
  {
    inputs.multiplied(by: try body.bounds(inputs, parameters.part("body"), pass))
  }
}

extension Bounds {
  /// The smallest intervals that contain all products of numbers in two intervals. A dimension of
  /// size 1 of the other box is broadcast.
  ///
  /// A product of two numbers is largest and smallest at the ends of their intervals. The four
  /// products (c ± r)·(d ± s) are c·d plus ±(r·d + c·s) + r·s or ±(r·d − c·s) − r·s. What is added
  /// to c·d is computed apart from it, since it can be much smaller.
  func multiplied(by other: Bounds) -> Bounds {
    let (mine, theirs) = (radius * other.center, center * other.radius)
    let both = radius * other.radius
    let (sum, difference) = ((mine + theirs).absolute, (mine - theirs).absolute)
    let upper = (sum + both).maximum(difference - both)
    let lower = (both - sum).minimum(-difference - both)
    return Bounds(
      around: center * other.center + (upper + lower) * 0.5, by: (upper - lower) * 0.5)
  }
}
