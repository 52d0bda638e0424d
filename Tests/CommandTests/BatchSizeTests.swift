import Foundation
import TestSupport
import Testing

@Suite("Results do not depend on how the work is divided")
struct BatchSizeTests {
  private let folder = TemporaryFolder()

  /// Every attack here draws random numbers, and in some of them images leave the batch early.
  private static let experiment = """
    name: division
    seed: 5
    data: { name: synthetic, train: 2000, test: 100 }
    models:
      a: { architecture: small, epochs: 1, batchSize: 16 }
      b: { architecture: small, epochs: 1, batchSize: 16, defense: label-smoothing }
    attacks:
      pgd: { steps: 4, start: random, restarts: 2, epsilons: [0, 0.05, 0.1] }
      square: { queries: 30, epsilons: [0.1, 0.3] }
      spsa: { steps: 3, samples: 8, rate: 0.05, epsilons: [0.1, 0.3] }
      sign-noise: { epsilons: [0.1, 0.3] }
      diverse: { attack: mifgsm, views: di, steps: 4, epsilons: [0.05, 0.1] }
    count: 60
    """

  /// Runs steps of the experiment, or all of them, in a folder of its own.
  private func run(_ name: String, batchSize: Int, steps: [String] = []) throws {
    let file = folder.appending("division.yaml")
    try Self.experiment.write(to: file, atomically: true, encoding: .utf8)
    let selection = steps.isEmpty ? [] : ["--steps"] + steps
    let result = try Command(
      [
        "run", file.path, "--out", folder.appending(name).path, "--threads", "1", "--quiet",
        "--batch-size", "\(batchSize)",
      ] + selection
    ).wait()
    #expect(result.status == 0, "\(name), \(steps): \(result.errors)")
  }

  private func grid(_ name: String) throws -> String {
    try String(contentsOf: folder.appending("\(name)/grid.csv"), encoding: .utf8)
  }

  /// Makes a run folder that has the experiment and the trained models of another one, and no other
  /// result.
  private func copyModels(from other: String, to name: String) throws {
    let target = folder.appending(name)
    try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
    for part in ["experiment.yaml", "models"] {
      try FileManager.default.copyItem(
        at: folder.appending("\(other)/\(part)"), to: target.appending(path: part))
    }
  }

  @Test("grid.csv is the same for every batch size, and for steps in any order and process")
  func division() throws {
    try run("whole", batchSize: 64)
    let expected = try grid("whole")
    // Budgets at which all or no examples succeed would hide differences.
    let accuracies = expected.split(separator: "\n").dropFirst().compactMap {
      Double($0.split(separator: ",", omittingEmptySubsequences: false)[7])
    }
    #expect(accuracies.count == 44)
    #expect(accuracies.count { $0 > 0.1 && $0 < 0.9 } > 22)

    for batchSize in [1, 256] {
      try copyModels(from: "whole", to: "by\(batchSize)")
      try run("by\(batchSize)", batchSize: batchSize)
      #expect(try grid("by\(batchSize)") == expected, "batch size \(batchSize)")
    }

    try copyModels(from: "whole", to: "steps")
    for steps in [
      ["attack diverse from b", "probe a"], ["attack s* from b"], ["attack diverse from a"],
      ["attack sign-noise from a", "attack pgd *"], ["attack sp* from a", "probe b"],
      ["attack square from a"], ["report"],
    ] {
      try run("steps", batchSize: 7, steps: steps)
    }
    #expect(try grid("steps") == expected)
  }
}
