import Support
import Testing

@Suite("The nearest name to a mistyped word")
struct NearestNameTests {
  static let names = ["epsilon", "epsilons", "target", "adversarialTraining", "fgsm", "tgsm"]

  @Test(
    "inserted, deleted and replaced letters and other cases are recognised",
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
    "a word of which more than a third differs has no nearest name",
    arguments: ["temperature", "batchSize", "abcdefgh"])
  func far(_ word: String) {
    #expect(nearestName(to: word, among: Self.names) == nil)
  }

  @Test("the limit is two letters, or a third of the word's letters")
  func limit() {
    #expect(nearestName(to: "abcxx", among: ["abc"]) == "abc")
    #expect(nearestName(to: "abcxxx", among: ["abc"]) == nil)
    #expect(nearestName(to: "abcdefxxx", among: ["abcdef"]) == "abcdef")
    #expect(nearestName(to: "abcdefxxxx", among: ["abcdef"]) == nil)
  }

  @Test("a name that begins with the word comes before one with fewer other letters")
  func beginning() {
    let names = ["lenet", "cnn", "resnet18", "resnet20"]
    #expect(nearestName(to: "resnet", among: names) == "resnet18")
    #expect(nearestName(to: "ResNet1", among: names) == "resnet18")
    #expect(nearestName(to: "renet", among: names) == "lenet")
  }

  @Test("of equally near names the first is taken, and there may be no names")
  func ties() {
    #expect(nearestName(to: "xgsm", among: ["tgsm", "fgsm"]) == "tgsm")
    #expect(nearestName(to: "fgsm", among: []) == nil)
    #expect(nearestName(to: "", among: ["ab", "a"]) == "a")
  }

  @Test("a hint has the nearest name, if there is one, and the whole list")
  func hints() {
    #expect(hint(for: "fgsn", among: ["fgsm", "pgd"]) == "did you mean 'fgsm'? (known: fgsm, pgd)")
    #expect(hint(for: "deepfool", among: ["fgsm", "pgd"]) == "known: fgsm, pgd")
  }
}
