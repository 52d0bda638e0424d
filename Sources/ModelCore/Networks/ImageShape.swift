/// The shape of one image: channels, height, width.
public struct ImageShape: Codable, Equatable, Hashable, Sendable, CustomStringConvertible {
  public let channels: Int
  public let height: Int
  public let width: Int

  public init(channels: Int, height: Int, width: Int) {
    self.channels = channels
    self.height = height
    self.width = width
  }

  /// Numbers in one image.
  public var count: Int { channels * height * width }

  /// `[channels, height, width]`
  public var sizes: [Int] { [channels, height, width] }

  /// "1x28x28"
  public var description: String { "\(channels)x\(height)x\(width)" }

  /// Reads "1x28x28"; nil unless it is three positive numbers whose product fits.
  public init?(_ text: some StringProtocol) {
    let sizes = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard sizes.count == 3, sizes.allSatisfy({ (1...65_536).contains($0) }) else { return nil }
    self.init(channels: sizes[0], height: sizes[1], width: sizes[2])
  }
}
