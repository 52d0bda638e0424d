import Testing

@testable import Support

@Suite("The spelling of names and words")
struct SpellingTests {
  @Test(
    "camel case becomes small letters with hyphens, and other words stay as they are",
    arguments: [
      ("adversarialTraining", "adversarial-training"), ("groupDRO", "group-dro"),
      ("crownIbp", "crown-ibp"), ("uniform-noise", "uniform-noise"), ("pifgsm++", "pifgsm++"),
      ("published2023", "published2023"), ("", ""),
    ])
  func hyphenated(_ word: String, _ expected: String) {
    #expect(word.hyphenated == expected)
    #expect(expected.hyphenated == expected)
  }

  @Test("a text for a digest has whole words as earlier versions wrote them, and no other change")
  func former() {
    let text =
      "0.5·gradient-regularization(penalty=double-backpropagation, loss=cross-entropy) + "
      + "group-dro(stepSize=0.1) teacher=/data/label-smoothing/m label-smoothing.safetensors"
    #expect(
      text.inFormerSpelling
        == "0.5·gradientRegularization(penalty=doubleBackpropagation, loss=cross-entropy) + "
        + "groupDRO(stepSize=0.1) teacher=/data/label-smoothing/m label-smoothing.safetensors")
    #expect("truncated-normal 0.02".inFormerSpelling == "truncatedNormal 0.02")
    #expect(text.inFormerSpelling.inFormerSpelling == text.inFormerSpelling)
  }

  @Test("a setting takes a word in both spellings, and gives the one with hyphens")
  func settings() throws {
    for word in ["double-backpropagation", "doubleBackpropagation"] {
      let settings = try Settings(
        [.init(name: "penalty", value: .scalar(word), place: "a.yaml:1")], place: "a.yaml")
      let read = try settings.choice(
        "penalty", of: ["double-backpropagation", "l1"], "it")
      #expect(read == "double-backpropagation")
    }
  }

  @Test("in the locale C the symbols of messages are in ASCII, and names of files stay")
  func plain() {
    #expect(Console.plain("⚑ ε = 8/255 in ℓ∞ …") == "! epsilon = 8/255 in Linf ...")
    #expect(Console.plain("━━╌ 50%  Größe.pt") == "##. 50%  Größe.pt")
  }
}
