import Support
import Testing

@Suite("A mistyped word finds the name it most likely meant")
struct NearestNameTests {
  static let names = ["epsilon", "epsilons", "target", "adversarialTraining", "fgsm", "tgsm"]

  @Test(
    "inserted, deleted, replaced letters and other capitals",
    arguments: [
      ("epsilon", "epsilon"), ("epsilom", "epsilon"), ("epsillons", "epsilons"),
      ("Target", "target"),
      ("targt", "target"),
      ("adversarial_training", "adversarialTraining"), ("FGSM", "fgsm"), ("tgms", "tgsm"),
    ])
  func near(_ word: String, _ expected: String) {
    #expect(nearestName(to: word, among: Self.names) == expected)
  }

  @Test(
    "no more than a third of the letters, at least two, may differ",
    arguments: ["temperature", "batchSize", "abcdefgh"])
  func far(_ word: String) {
    #expect(nearestName(to: word, among: Self.names) == nil)
  }

  @Test("the limit is exact")
  func limit() {
    #expect(nearestName(to: "abcxx", among: ["abc"]) == "abc")
    #expect(nearestName(to: "abcxxx", among: ["abc"]) == nil)
    #expect(nearestName(to: "abcdefxxx", among: ["abcdef"]) == "abcdef")
    #expect(nearestName(to: "abcdefxxxx", among: ["abcdef"]) == nil)
  }

  @Test("of equally near names the first is taken, and there need be none")
  func ties() {
    #expect(nearestName(to: "xgsm", among: ["tgsm", "fgsm"]) == "tgsm")
    #expect(nearestName(to: "fgsm", among: []) == nil)
    #expect(nearestName(to: "", among: ["ab", "a"]) == "a")
  }

  @Test("a hint has the nearest name, and always the whole list")
  func hints() {
    #expect(hint(for: "fgsn", among: ["fgsm", "pgd"]) == "did you mean 'fgsm'? (known: fgsm, pgd)")
    #expect(hint(for: "deepfool", among: ["fgsm", "pgd"]) == "known: fgsm, pgd")
  }
}
