import Support
import Testing

@Suite("The random number generator Philox 4x32-10")
struct PhiloxTests {
  /// The arguments are counter, key and result: the known answers that the authors publish with
  /// Random123.
  @Test(
    "the published counters and keys give the published words",
    arguments: [
      (
        SIMD4<UInt32>(repeating: 0), UInt64(0),
        SIMD4<UInt32>(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)
      ),
      (
        SIMD4<UInt32>(repeating: 0xffff_ffff), UInt64.max,
        SIMD4<UInt32>(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
      ),
      (
        SIMD4<UInt32>(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
        UInt64(0x299f_31d0_a409_3822),
        SIMD4<UInt32>(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
      ),
    ])
  func publishedAnswers(_ counter: SIMD4<UInt32>, _ key: UInt64, _ expected: SIMD4<UInt32>) {
    #expect(Philox(key: key).block(counter) == expected)
  }

  @Test("the beginning of a stream does not depend on the number of words")
  func prefix() {
    func words(_ count: Int) -> [UInt32] {
      var words = [UInt32](repeating: 0, count: count)
      Philox(key: 7).fill(&words, count: count, stream: 3)
      return words
    }
    #expect(words(5) == Array(words(18).prefix(5)))
    #expect(words(4) == (0..<4).map { Philox(key: 7).block(SIMD4(0, 0, 3, 0))[$0] })
  }
}
