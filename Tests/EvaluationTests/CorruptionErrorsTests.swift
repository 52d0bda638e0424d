import Attacks
import Support
import Testing

@testable import Evaluation

@Suite("Errors on corrupted pictures")
struct CorruptionErrorsTests {
  /// A grid of two models with two kinds; `correct` of 100 by kind, model and severity 1 and 3.
  private func grid(_ correct: [[[Int]]]) -> Grid {
    let names = ["fog", "jpeg"]
    let cells = names.enumerated().flatMap { kind, name in
      ["a", "b"].enumerated().flatMap { place, model in
        [1.0, 3.0].enumerated().map { step, severity in
          GridCell(
            attack: name, epsilon: severity, source: model, victim: model, examples: 100,
            correct: correct[kind][place][step])
        }
      }
    }
    let records = names.map {
      AttackRecord(
        name: $0, title: "common corruption", budgetSymbol: "severity",
        parameters: ["attack": "corruption", "kind": $0])
    }
    return Grid(
      cells: cells,
      provenance: Provenance(
        experiment: "e", data: "d", dataFingerprint: "f", examples: 100, seed: 1, device: "cpu",
        threads: 1, crossfire: "c", libtorch: "l", models: [], attacks: records))
  }

  @Test("the mCE is the mean over kinds of the errors divided by those of the first model")
  func mean() throws {
    let grid = grid([[[90, 70], [95, 85]], [[80, 60], [70, 50]]])
    let errors = try #require(grid.corruptionErrors)
    #expect(errors.severities == [1, 3] && errors.models == ["a", "b"])
    #expect(Set(errors.kinds) == [.fog, .jpeg])
    #expect(abs(errors.error(of: 0, .fog) - 0.2) < 1e-12)
    #expect(abs((errors.relative(of: 1, .fog) ?? 0) - 0.5) < 1e-12)
    #expect(abs((errors.relative(of: 1, .jpeg) ?? 0) - 80.0 / 60) < 1e-12)
    #expect(abs((errors.meanRelative(of: 1) ?? 0) - (0.5 + 80.0 / 60) / 2) < 1e-12)
    #expect(abs((errors.meanRelative(of: 0) ?? 0) - 1) < 1e-12)
    #expect(errors.csv().contains("b,fog,1 3,0.1,a,0.5"), "\(errors.csv())")
    #expect(errors.csv().contains("b,mean,1 3,0.25,a,0.916667"), "\(errors.csv())")
  }

  @Test("a baseline without errors has no relative error, and a grid without corruptions no table")
  func none() throws {
    let errors = try #require(
      grid([[[100, 100], [95, 85]], [[80, 60], [70, 50]]]).corruptionErrors)
    #expect(errors.relative(of: 1, .fog) == nil && errors.meanRelative(of: 1) == nil)
    let empty = grid([[[1, 1], [1, 1]], [[1, 1], [1, 1]]])
    #expect(Grid(cells: empty.cells, provenance: empty.provenance.without).corruptionErrors == nil)
  }
}

extension Provenance {
  fileprivate var without: Provenance {
    var other = self
    other.attacks = []
    return other
  }
}
