import Support
import Testing

@Suite("A derived seed depends only on the parent's value and the name")
struct SeedTests {
  /// Computed in Python: int.from_bytes(hashlib.sha256(f"{value}/{name}".encode()).digest()[:8],
  /// "big").
  static let frozen: [(value: UInt64, name: String, derived: UInt64)] = [
    (0, "", 2_303_325_988_620_907_383),
    (0, "order", 10_463_917_295_019_098_459),
    (1, "epoch 0", 7_401_583_855_793_663_670),
    (42, "train/7", 14_324_099_738_223_728_915),
    (18_446_744_073_709_551_615, "ε 0.3", 8_025_359_152_337_572_589),
  ]

  @Test("derived seeds agree with an independent program", arguments: frozen)
  func frozenValues(_ value: UInt64, _ name: String, _ derived: UInt64) {
    #expect(Seed(value).derive(name).value == derived)
  }

  @Test("earlier derivations do not change a derived seed")
  func stateless() {
    let seed = Seed(7)
    let first = seed.derive("a")
    for index in 0..<100 { _ = seed.derive("other \(index)") }
    #expect(seed.derive("a") == first)
    #expect(Seed(7).derive("a") == first)
  }

  @Test("another value or another name gives another seed")
  func distinct() {
    let seeds = (0..<20).flatMap { value in ["a", "b", "ab", ""].map { Seed(value).derive($0) } }
    #expect(Set(seeds).count == seeds.count)
    // The separator keeps value and name apart.
    #expect(Seed(1).derive("2/x") != Seed(12).derive("x"))
    #expect(Seed(1).derive("a").derive("b") != Seed(1).derive("a/b"))
  }
}
