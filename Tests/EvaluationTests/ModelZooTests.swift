import Attacks
import Datasets
import Foundation
import ModelCore
import Support
import Testing

@testable import Evaluation

@Suite("Trust checks on models that only seem robust")
struct ModelZooTests {
  static let hasDigits = (try? DataReference("mnist5k").load(.test)) != nil
  static let epsilon = 0.1
  /// Where the table of docs/trust-checks.md goes; nil for a quicker test without a table.
  static let table = ProcessInfo.processInfo.environment["CROSSFIRE_ZOO"]
  static let (count, steps, queries) = table == nil ? (50, 20, 100) : (100, 40, 300)

  struct Row {
    let model: ModelZoo.Model
    let clean: Double
    /// The accuracy under PGD: what an evaluation would print.
    let printed: Double
    /// The lowest accuracy under any attack that was tried, and its name.
    let strongest: (accuracy: Double, name: String)
    let probe: ModelProbe
    let flags: [String]

    init(_ model: ModelZoo.Model, _ data: LabelledImages) {
      let batch = data.batch(0..<count)
      let classifier = model.classifier
      let threat = ThreatModel(.linf, epsilon: epsilon, valueRange: 0...1)
      func accuracy(_ attack: (any Attack)?, on source: any Classifier) -> Double {
        let moved =
          attack?.perturb(
            batch.images, .away(from: batch.labels), within: threat, against: source,
            draws: ExampleDraws(Seed(5), examples: Array(0..<count))) ?? batch.images
        return classifier.predictions(moved).equals(batch.labels).to(.float32).mean().scalar
      }
      func descent(_ loss: AttackLoss) -> ProjectedGradientDescent {
        ProjectedGradientDescent(
          StepSchedule(steps: steps, relative: 2.5), AttackGradient(of: loss))
      }
      self.model = model
      clean = accuracy(nil, on: classifier)
      printed = accuracy(descent(.crossEntropy), on: classifier)
      var tried = [
        (printed, "PGD"), (accuracy(descent(.margin), on: classifier), "PGD, margin"),
        (accuracy(SquareAttack(queries: queries), on: classifier), "Square"),
      ]
      if let open = model.open {
        tried.append((accuracy(descent(.margin), on: open), "transfer"))
      }
      strongest = tried.min { $0.0 < $1.0 } ?? (1, "")
      probe = ModelProbe(
        of: Contestant(name: "m", classifier: classifier, fingerprint: "m"), on: data, noises: [],
        seed: Seed(1))
      flags = probe.findings(classCount: 10).map(\.flag.name)
    }

    /// The columns of the table that stand for flags.
    static let columns: [(head: String, checks: [TrustCheck])] = [
      ("chance", [.notAboveChance, .belowChanceUnattacked]),
      ("probabilities", [.givesProbabilities]), ("close", [.logitsAreClose]),
      ("random", [.changesWhenRepeated]),
      ("zero", [.gradientsDoNotArrive, .zeroGradients]), ("slopes", [.gradientsDoNotMatch]),
      ("no budget", [.standsWithoutBudget]), ("Square", [.gradientFreeWins]),
    ]

    /// The first two lines of a Markdown table.
    static var head: String {
      let heads =
        ["Model", "Clean", "PGD", "Lowest", "Slopes"] + columns.map(\.head)
      return "| " + heads.joined(separator: " | ") + " |\n"
        + String(repeating: "|---", count: heads.count) + "|\n"
    }

    /// The row of a Markdown table.
    var text: String {
      let shares = [clean, printed, strongest.accuracy].map { "\(Int(($0 * 100).rounded()))" }
      let slopes = probe.slopes.map {
        "\($0.median.shortDecimal) (\($0.low.shortDecimal) to \($0.high.shortDecimal))"
      }
      let marks = Self.columns.map { column in
        column.checks.contains { flags.contains($0.name) } ? "⚑" : ""
      }
      let cells =
        [model.name] + shares.dropLast() + ["\(shares[2]) (\(strongest.name))", slopes ?? ""]
        + marks
      return "| " + cells.joined(separator: " | ") + " |"
    }
  }

  /// Set `CROSSFIRE_ZOO` to the path of a file to get the table of docs/trust-checks.md, with more
  /// images, steps and queries.
  @Test(
    "Each one is flagged whose accuracy is far above the truth, and no honest one",
    .enabled(if: hasDigits, "mnist5k is not on this machine: run `make setup`"))
  func zoo() throws {
    let zoo = try ModelZoo()
    let rows = zoo.models.map { Row($0, zoo.images) }
    for row in rows {
      if row.model.isHonest {
        let isUntrained = row.model.name == "untrained"
        #expect(
          row.flags == (isUntrained ? [TrustCheck.notAboveChance.name] : []), "\(row.text)")
      } else if row.printed - row.strongest.accuracy > 0.2 {
        #expect(!row.flags.isEmpty, "\(row.text)")
      }
    }
    if let place = Self.table {
      let text = Row.head + rows.map(\.text).joined(separator: "\n") + "\n"
      try text.write(toFile: place, atomically: true, encoding: .utf8)
    }
  }
}
