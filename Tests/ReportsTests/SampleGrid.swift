import Evaluation
import Foundation
import Reports

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// A small grid: two models under an untargeted and a targeted attack.
enum Sample {
  static let hostile = "<script>alert(1)</script>\"'&,|\u{0}"

  /// The first model's accuracy collapses on its own examples. The second model's gradients are
  /// masked: it withstands its own examples, but not those made on the first model.
  static func grid(
    first: String = "normal", second: String = "masked", flags: [TrustFlag] = [],
    valueRange: ClosedRange<Double>? = nil, computations: [ComputedResults] = [],
    defense: String? = "none"
  ) -> Grid {
    let correct: [(String, String, [Int])] = [
      (first, first, [99, 50, 20, 5]), (first, second, [98, 90, 40, 15]),
      (second, first, [99, 97, 95, 90]), (second, second, [98, 98, 98, 98]),
    ]
    let curves = correct.flatMap { source, victim, counts in
      zip([0, 0.1, 0.2, 0.3], counts).map { epsilon, count in
        GridCell(
          attack: "fgsm", epsilon: epsilon, source: source, victim: victim, examples: 100,
          correct: count)
      }
    }
    let aimed = GridCell(
      attack: "jsma", epsilon: 0.25, source: first, victim: first, examples: 50, correct: 1,
      targetedHits: 48)
    return Grid(
      cells: curves + [aimed],
      provenance: Provenance(
        experiment: "sample", data: "digits:test", dataFingerprint: "0f", examples: 100, seed: 7,
        device: "cpu",
        threads: 2, crossfire: "1.0.0", libtorch: "2.13.0",
        models: [
          ModelRecord(
            name: second, description: "cnn, \(second)", defense: "distillation",
            fingerprint: "aa"),
          ModelRecord(
            name: first, description: "cnn, \(first)", defense: defense, fingerprint: "bb"),
        ],
        attacks: [
          AttackRecord(
            name: "fgsm", title: "fast gradient sign method", parameters: ["norm": "linf"]),
          AttackRecord(name: "jsma", title: "Jacobian saliency map", budgetSymbol: "γ"),
        ], valueRange: valueRange, computations: computations),
      flags: flags, worstCases: worstCases(first, second))
  }

  /// The worst cases of the curves: each image is under one attack from two models.
  private static func worstCases(_ first: String, _ second: String) -> [WorstCase] {
    let right = [(first, [(50, 48), (20, 19), (5, 4)]), (second, [(98, 90), (98, 39), (98, 14)])]
    return right.flatMap { victim, counts in
      zip([0.1, 0.2, 0.3], counts).map { epsilon, count in
        WorstCase(
          victim: victim, norm: "linf", epsilon: epsilon, attacks: ["fgsm"], images: 100,
          rightUnderOwn: count.0, rightUnderAll: count.1)
      }
    }
  }

  static let sheet = ImageSheet(
    title: "Digits", caption: "Rows: originals.", alt: "Twenty digits.", png: Data([1, 2, 3]),
    width: 56, height: 28)
}

/// How often a text contains another.
func count(_ part: String, in text: String) -> Int { text.ranges(of: part).count }

/// Whether an XML parser accepts the text.
func isWellFormed(_ xml: String) -> Bool { XMLParser(data: Data(xml.utf8)).parse() }
