/// A seed, from which other seeds derive by name.
///
/// The random numbers of a step thus depend on what the step is, and not on when it runs.
///
///     let seed = Seed(1).derive("epoch 3").derive("order")
public struct Seed: Sendable, Hashable, Codable {
  public let value: UInt64

  public init(_ value: UInt64) {
    self.value = value
  }

  /// The seed of a part: the first eight bytes of SHA-256("value/name"), as a big-endian number.
  public func derive(_ name: String) -> Seed {
    let digest = Digest.bytes(of: Array("\(value)/\(name)".utf8))
    return Seed(digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
  }
}
