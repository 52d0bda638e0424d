/// Philox 4x32-10, a counter-based generator: four random 32-bit words for each 128-bit counter.
///
/// It has no state. The words of a counter depend on the key and the counter alone, so a program
/// that numbers its draws gets the same ones in any order, on any thread and in any process.
///
/// There are ten rounds. In each of them, two of the four words are multiplied by constants to 64
/// bits. The halves of the products are exchanged and mixed with the other words and with a key
/// that grows by a constant (the fractions of the golden ratio and of √3). Source: J. Salmon, M.
/// Moraes, R. Dror and D. Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011).
public struct Philox: Sendable {
  private let key: SIMD2<UInt32>

  /// - Parameter key: its lower word is the first key word of the publication.
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

  /// Fills memory with the first `count` words of a stream: words 4b to 4b + 3 are those of the
  /// counter (b, stream), b in its lower and the stream in its upper 64 bits.
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
