/// Philox 4x32-10, a counter-based random number generator: four random 32-bit words for each
/// 128-bit counter.
///
/// The generator has no state. The words depend only on the key and the counter, so a program that
/// numbers its random numbers gets the same ones in any order, on any thread and in any process.
///
/// The counter is encrypted in ten rounds. In each round, two of the four words are multiplied by
/// constants to 64 bits. The halves of the products change places, and are combined with the other
/// two words and with the key by exclusive or. After each round, a constant is added to each word
/// of the key: the fraction of the golden ratio, and that of √3. Source: J. Salmon, M. Moraes, R.
/// Dror and D. Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011).
public struct Philox: Sendable {
  private let key: SIMD2<UInt32>

  /// - Parameter key: the two words of the key; the first one is the lower half.
  public init(key: UInt64) {
    self.key = SIMD2(UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32))
  }

  /// The four words of a counter.
  @inline(__always)
  public func block(_ counter: SIMD4<UInt32>) -> SIMD4<UInt32> {
    var (x0, x1, x2, x3) = (counter.x, counter.y, counter.z, counter.w)
    var (k0, k1) = (key.x, key.y)
    for _ in 0..<10 {
      let first = UInt64(x0) * 0xD251_1F53
      let second = UInt64(x2) * 0xCD9E_8D57
      x0 = UInt32(truncatingIfNeeded: second >> 32) ^ x1 ^ k0
      x1 = UInt32(truncatingIfNeeded: second)
      x2 = UInt32(truncatingIfNeeded: first >> 32) ^ x3 ^ k1
      x3 = UInt32(truncatingIfNeeded: first)
      k0 &+= 0x9E37_79B9
      k1 &+= 0xBB67_AE85
    }
    return SIMD4(x0, x1, x2, x3)
  }

  /// Fills memory with the first `count` words of a stream.
  ///
  /// Words 4b to 4b + 3 are those of the counter whose lower 64 bits are b, and whose upper 64 bits
  /// are the number of the stream.
  public func fill(_ words: UnsafeMutablePointer<UInt32>, count: Int, stream: UInt64) {
    let (low, high) = (
      UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32)
    )
    for start in stride(from: 0, to: count, by: 4) {
      let number = UInt64(start / 4)
      let block = block(
        SIMD4(
          UInt32(truncatingIfNeeded: number), UInt32(truncatingIfNeeded: number >> 32), low, high))
      for offset in 0..<min(4, count - start) { words[start + offset] = block[offset] }
    }
  }
}
