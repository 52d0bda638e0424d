import Evaluation
import Foundation
import Reports

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// A grid with the shape of the published one: what is measured on two models, under an attack
/// without an aim and one with.
enum Sample {
  static let hostile = "<script>alert(1)</script>\"'&,|\u{0}"

  /// `normal` collapses under its own examples; `masked` seems to hold, until it meets those made
  /// on `normal`.
  static func grid(first: String = "normal", second: String = "masked", flags: [TrustFlag] = [])
    -> Grid
  {
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
            name: second, description: "cnn, \(second)", defense: "distillation", fingerprint: "aa"),
          ModelRecord(name: first, description: "cnn, \(first)", fingerprint: "bb"),
        ],
        attacks: [
          AttackRecord(
            name: "fgsm", title: "fast gradient sign method", parameters: ["norm": "linf"]),
          AttackRecord(name: "jsma", title: "Jacobian saliency map", budgetSymbol: "γ"),
        ]),
      flags: flags)
  }

  static let sheet = ImageSheet(
    title: "Digits", caption: "Rows: originals.", alt: "Twenty digits.", png: Data([1, 2, 3]),
    width: 56, height: 28)
}

/// How often a part of a text occurs.
func count(_ part: String, in text: String) -> Int { text.ranges(of: part).count }

/// Whether an XML parser can read the text to its end.
func isWellFormed(_ xml: String) -> Bool { XMLParser(data: Data(xml.utf8)).parse() }
