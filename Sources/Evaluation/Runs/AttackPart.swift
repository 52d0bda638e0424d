/// One of several parts into which the batches of an attack are divided, so that several processes
/// can compute them at the same time.
///
/// A part is a range of whole batches. Batches do not depend on each other, and the batches of all
/// parts together are those of the undivided attack, so the merged result has the same bytes.
public struct AttackPart: Hashable, Sendable {
  /// The number of the part, from 1 to `count`.
  public let number: Int
  /// The number of parts, at least 1.
  public let count: Int

  public init(_ number: Int, of count: Int) {
    precondition(
      count >= 1 && (1...count).contains(number), "there is no part \(number) of \(count)")
    self.number = number
    self.count = count
  }

  /// The largest number of parts of an attack.
  public static let most = 10_000

  /// All parts of a division, in order.
  public static func all(_ count: Int) -> [AttackPart] { (1...count).map { .init($0, of: count) } }

  /// `part 2 of 4`.
  public var name: String { "part \(number) of \(count)" }

  /// The elements of an array that belong to this part: the share from ⌊n·(number − 1) / count⌋ to
  /// ⌊n·number / count⌋. Parts differ by at most one element, and some are empty if there are more
  /// parts than elements.
  public func share<Element>(of all: [Element]) -> ArraySlice<Element> {
    all[all.count * (number - 1) / count..<all.count * number / count]
  }
}
