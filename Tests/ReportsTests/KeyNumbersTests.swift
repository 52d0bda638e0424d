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
        "In the worst case over all source models (fgsm, ε = 0.2 in ℓ∞), the highest "
          + "accuracy is 39.0% (masked), and the lowest is 19.0% (normal). ε = 0.2 is the middle "
          + "one of the 3 budgets; the choice does not depend on the accuracies.",
        "Without an attack, the highest accuracy is 99.0% (normal), and the lowest is 98.0% "
          + "(masked).",
        "Under the attacks on itself alone (white-box; fgsm, ε = 0.2 in ℓ∞), the undefended model "
          + "normal classifies 20.0% of the images correctly, compared with 99.0% without an "
          + "attack.",
        "The white-box accuracy of masked overstates its robustness (fgsm, ε = 0.2): it is 98.0% "
          + "on its own examples, but 40.0% on those made on normal.",
      ])
  }

  @Test func theWeakestResultOfARunIsItsFirstNumber() {
    func cells(_ attack: String, _ correct: Int) -> [GridCell] {
      [(0, 99), (0.2, correct)].map {
        GridCell(
          attack: attack, epsilon: $0, source: "m", victim: "m", examples: 100, correct: $1)
      }
    }
    let worst = WorstCase(
      victim: "m", norm: "linf", epsilon: 0.2, attacks: ["pgd", "square"], images: 100,
      rightUnderOwn: 3, rightUnderAll: 3)
    let numbers = KeyNumbers(
      Grid(
        cells: cells("pgd", 98) + cells("square", 3), provenance: Sample.grid().provenance,
        worstCases: [worst]))
    #expect(numbers.all.map(\.figure) == ["3.0%", "99.0%"])
    #expect(
      numbers.sentences[0] == "In the worst case over all attacks (pgd and square, ε = 0.2 in ℓ∞), "
        + "m classifies 3.0% of the images correctly (95% interval 1.0–8.5), compared with 99.0% "
        + "without an attack. ε = 0.2 is the only budget.")
  }

  @Test func everyNormHasAHeadlineOfItsOwn() {
    let other = WorstCase(
      victim: "normal", norm: "l2", epsilon: 1.5, attacks: ["deepfool"], images: 100,
      rightUnderOwn: 7, rightUnderAll: 7)
    let grid = Sample.grid()
    let sentences = KeyNumbers(
      Grid(
        cells: grid.cells, provenance: grid.provenance, worstCases: grid.worstCases + [other])
    ).sentences
    #expect(sentences[0].contains("fgsm, ε = 0.2 in ℓ∞"))
    #expect(sentences[1].contains("deepfool, ε = 1.5 in ℓ2") && sentences[1].contains("7.0%"))
    #expect(
      sentences[0].contains("of the 2 norms the one of the most attacks comes first; neither")
        && sentences[1].hasSuffix("ε = 1.5 is the only budget."))
  }

  @Test func aModelWhoseDefenseIsUnknownIsNotCalledUndefended() {
    let known = KeyNumbers(Sample.grid()).sentences
    #expect(known.contains { $0.contains("the undefended model normal") })
    for defense in [nil, "trades"] {
      let sentences = KeyNumbers(Sample.grid(defense: defense)).sentences
      #expect(!sentences.contains { $0.contains("undefended") }, "\(sentences)")
      #expect(sentences.contains { $0.contains("the model normal classifies 20.0%") })
    }
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

  @Test func oneModelAloneWithoutWorstCasesHasItsCleanAccuracy() {
    let cells = [(0.0, 9), (0.1, 3)].map {
      GridCell(
        attack: "fgsm", epsilon: $0, source: "normal", victim: "normal", examples: 10, correct: $1)
    }
    let numbers = KeyNumbers(Grid(cells: cells, provenance: Sample.grid().provenance))
    #expect(numbers.all.map(\.figure) == ["90.0%"])
  }

  @Test func anEmptyGridHasNone() {
    #expect(KeyNumbers(Grid(cells: [], provenance: Sample.grid().provenance)).all.isEmpty)
  }
}
