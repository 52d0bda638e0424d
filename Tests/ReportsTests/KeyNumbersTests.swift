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
        "Without an attack, the most accurate at 99.0% is normal, the least at 98.0% is masked.",
        "Under its own examples (fgsm, ε = 0.2, white-box), the undefended normal keeps 20.0% accuracy (95% interval 13.3–28.9), down from 99.0%.",
        "Against examples made on masked (fgsm, ε = 0.2, black-box), normal holds out best: 95.0% accuracy.",
        "Examples made on normal transfer best: they leave masked 40.0% accuracy (fgsm, ε = 0.2).",
        "The white-box accuracy of masked overstates its robustness: it keeps 98.0% under its own examples but 40.0% under those made on normal (fgsm, ε = 0.2).",
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
        "Against examples made on other models (pgd, ε = 0.3, black-box), c holds out best: 80.0% accuracy on average, 70.0% at worst, on those made on a.",
        "Examples made on c transfer best: they leave the 2 other models 50.0% accuracy on average (pgd, ε = 0.3).",
      ])
  }

  @Test func aWhiteBoxAboveTheBlackBoxIsHeldAgainstAModelOnlyWhereTheCheckOfThatRaisedAFlag() {
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
