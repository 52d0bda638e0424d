/// The shape of one example that a classifier takes: a picture `[C, H, W]`, or a row of D numbers
/// `[D]` of a table.
///
/// Written as text it is `1x28x28` for a picture and `4` for a row of four features.
public struct InputShape: Codable, Equatable, Hashable, Sendable, CustomStringConvertible {
  /// `[channels, height, width]` of a picture, or `[features]` of a row.
  public let sizes: [Int]

  /// The shape of a picture.
  public init(channels: Int, height: Int, width: Int) {
    sizes = [channels, height, width]
  }

  /// The shape of a row of a table.
  public init(features: Int) {
    sizes = [features]
  }

  /// The shape of one example of a batch `[N, C, H, W]` or `[N, D]`.
  /// - Precondition: the batch has two or four dimensions.
  public init(ofBatch shape: [Int]) {
    precondition(
      shape.count == 4 || shape.count == 2, "\(shape) is not a batch of pictures or rows")
    sizes = Array(shape.dropFirst())
  }

  /// Whether an example is a picture. Only pictures can be drawn, resized or cut into squares.
  public var isPicture: Bool { sizes.count == 3 }

  /// The channels of a picture; 1 for a row.
  public var channels: Int { isPicture ? sizes[0] : 1 }
  /// The height of a picture; 1 for a row.
  public var height: Int { isPicture ? sizes[1] : 1 }
  /// The width of a picture; the number of features of a row.
  public var width: Int { isPicture ? sizes[2] : sizes[0] }

  /// How many numbers one example has.
  public var count: Int { sizes.reduce(1, *) }

  /// `1x28x28` for a picture, `4` for a row.
  public var description: String { sizes.map(String.init).joined(separator: "x") }

  /// Reads `1x28x28` or `4`; nil unless it is one or three whole numbers from 1 to 65,536.
  public init?(_ text: some StringProtocol) {
    let sizes = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard sizes.count == 3 || sizes.count == 1, sizes.allSatisfy({ (1...65_536).contains($0) })
    else { return nil }
    self.sizes = sizes
  }
}
