import Evaluation
import Reports
import Testing

@Suite struct KeyNumbersTests {
  private let masking = TrustFlag(
    name: TrustCheck.blackBoxBeatsWhiteBox.name, raisedBecause: "", meaning: "", advice: "",
    attack: "fgsm",
    source: "masked", victim: "masked")

  @Test func theSentencesAreComputedFromTheGrid() {
    #expect(
      KeyNumbers(Sample.grid(flags: [masking])).sentences == [
        "Without an attack, the highest accuracy is 99.0% (normal), and the lowest is 98.0% "
          + "(masked).",
        "On its own examples (fgsm, ε = 0.2, white-box), the undefended model normal has an "
          + "accuracy of 20.0% (95% interval 13.3–28.9), compared with 99.0% without an attack.",
        "Of all models, normal has the highest accuracy on examples made on other models "
          + "(fgsm, ε = 0.2, black-box): 95.0%, on those made on masked.",
        "Examples made on normal transfer best (fgsm, ε = 0.2): on them, masked has an accuracy of "
          + "40.0%.",
        "The white-box accuracy of masked overstates its robustness (fgsm, ε = 0.2): it is 98.0% "
          + "on its own examples, but 40.0% on those made on normal.",
      ])
  }

  @Test func everyFigureStandsInItsSentence() {
    for number in KeyNumbers(Sample.grid()).all { #expect(number.sentence.contains(number.figure)) }
  }

  @Test func averagesAreOverTheOtherModels() {
    let accuracies = [
      ("a", "b", 50), ("a", "c", 70), ("b", "a", 20), ("b", "c", 90), ("c", "a", 40),
      ("c", "b", 60),
    ]
    let cells = accuracies.map {
      GridCell(attack: "pgd", epsilon: 0.3, source: $0, victim: $1, examples: 100, correct: $2)
    }
    let sentences = KeyNumbers(Grid(cells: cells, provenance: Sample.grid().provenance)).sentences
    #expect(
      sentences == [
        "Of all models, c has the highest accuracy on examples made on other models (pgd, ε = 0.3, "
          + "black-box): 80.0% on average over the source models, and 70.0% at worst, on those "
          + "made on a.",
        "Examples made on c transfer best (pgd, ε = 0.3): on them, the 2 other models have an "
          + "accuracy of 50.0% on average.",
      ])
  }

  @Test func aModelsRobustnessIsCalledOverstatedOnlyIfTheTrustCheckRaisedAFlag() {
    #expect(!KeyNumbers(Sample.grid()).sentences.contains { $0.contains("overstates") })
  }

  @Test func oneModelAloneStillHasNumbers() {
    let cells = [(0.0, 9), (0.1, 3)].map {
      GridCell(
        attack: "fgsm", epsilon: $0, source: "normal", victim: "normal", examples: 10, correct: $1)
    }
    let numbers = KeyNumbers(Grid(cells: cells, provenance: Sample.grid().provenance))
    #expect(numbers.all.map(\.figure) == ["90.0%", "30.0%"])
  }

  @Test func anEmptyGridHasNone() {
    #expect(KeyNumbers(Grid(cells: [], provenance: Sample.grid().provenance)).all.isEmpty)
  }
}
