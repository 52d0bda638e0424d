/// The images on which a training is watched. The training never learns from them.
public enum ValidationImages: Equatable, Sendable, CustomStringConvertible,
  ExpressibleByIntegerLiteral
{
  /// So many of the training images, drawn at random and held out; 0 for none.
  case heldOut(Int)
  /// All images of the data's own validation split.
  case data

  public init(integerLiteral count: Int) { self = .heldOut(count) }

  /// The number of training images that are held out.
  public var heldOutCount: Int { if case .heldOut(let count) = self { count } else { 0 } }

  /// Whether there are any.
  public var areThere: Bool { self != .heldOut(0) }

  /// As in an experiment file: the number, or `data`.
  public var description: String {
    switch self {
    case .heldOut(let count): "\(count)"
    case .data: "data"
    }
  }
}
