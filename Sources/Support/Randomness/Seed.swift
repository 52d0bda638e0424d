/// A seed from which other seeds are derived by name. The random numbers of a step thus depend on
/// what the step is, and not on when it runs.
public struct Seed: Sendable, Hashable, Codable {
  public let value: UInt64

  public init(_ value: UInt64) {
    self.value = value
  }

  /// The seed of a part: the first eight bytes of SHA-256("value/name").
  public func derive(_ name: String) -> Seed {
    let digest = Digest.bytes(of: Array("\(value)/\(name)".utf8))
    return Seed(digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
  }
}
