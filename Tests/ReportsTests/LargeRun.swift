import Datasets
import Foundation
import ModelCore
import Support

@testable import Defenses
@testable import Evaluation
@testable import Reports

/// A finished run of many models, made up of smooth functions instead of trained networks: its report
/// has the size of a real one.
struct LargeRun {
  let models: [String]
  let attacks: [String]
  let epsilons: [Double]
  private let examples = 1000

  init(models: Int = 12, attacks: Int = 6, budgets: Int = 10) {
    let kinds = [
      "standard", "adversarial-training", "trades", "double-backprop", "distillation", "mart",
    ]
    self.models = (0..<models).map { "resnet18-\(kinds[$0 % kinds.count])-\($0 / kinds.count + 1)" }
    self.attacks = Array(
      ["pgd", "fgsm", "itgsm", "apgd", "square", "deepfool", "bim", "fab"].prefix(attacks))
    epsilons = [0] + (1..<budgets).map { Double($0) * 2 / 255 }
  }

  /// The steps of the attack that does not project.
  private let steps = 10

  private func accuracy(_ attack: Int, _ epsilon: Double, _ source: Int, _ victim: Int) -> Double {
    let robustness = 0.02 + 0.012 * Double((victim * 7) % 12)
    let own = source == victim ? 1.0 : 0.25 + 0.05 * Double((source + attack) % 5)
    let clean = 0.95 - 0.012 * Double((victim * 5) % 12)
    return clean / (1 + pow(epsilon * own / robustness, 2))
  }

  private var cells: [GridCell] {
    attacks.indices.flatMap { attack in
      models.indices.flatMap { source in
        epsilons.flatMap { epsilon in
          models.indices.map { victim in
            GridCell(
              attack: attacks[attack], epsilon: epsilon, source: models[source],
              victim: models[victim], examples: examples,
              correct: Int(Double(examples) * accuracy(attack, epsilon, source, victim)))
          }
        }
      }
    }
  }

  private var worstCases: [WorstCase] {
    models.indices.flatMap { victim in
      epsilons.dropFirst().map { epsilon in
        let right = Int(Double(examples) * 0.9 * accuracy(0, epsilon, victim, victim))
        return WorstCase(
          victim: models[victim], norm: "linf", epsilon: epsilon,
          attacks: attacks.filter { $0 != "deepfool" }, images: examples, rightUnderOwn: right,
          rightUnderAll: right)
      }
    }
  }

  private var rankings: [WorstCaseRanking] {
    epsilons.dropFirst().map { epsilon in
      let rows = worstCases.filter { $0.epsilon == epsilon }
      return WorstCaseRanking(
        WorstOutcome(
          norm: .linf, epsilon: epsilon, attacks: rows[0].attacks,
          leftOut: [LeftOutAttack(attack: "deepfool", reason: .anotherNorm)], victims: models,
          rightUnchanged: rows.map { _ in [Bool](repeating: true, count: examples) },
          right: rows.enumerated().map { place, row in
            (0..<examples).map { ($0 * 7 + place * 13) % examples < row.rightUnderAll }
          },
          rightUnderOwn: rows.map(\.rightUnderOwn)))
    }
  }

  /// Those within the middle budget, which the report shows.
  private var overlaps: [Overlap] {
    // Each example fools the models that are less robust than it is strong.
    let order = models.indices.sorted { accuracy(0, 0.03, 99, $0) < accuracy(0, 0.03, 99, $1) }
    let fooled = (0...models.count).map { count in order.prefix(count).sorted().map { models[$0] } }
    let middle = epsilons.dropFirst()[1 + (epsilons.count - 1) / 2]
    return attacks.indices.flatMap { attack in
      models.indices.map { source in
        let parts = fooled.enumerated().map { count, names in
          Overlap.Part(fooled: names, examples: 20 + (count * 37 + source * 11 + attack * 5) % 90)
        }
        return Overlap(
          attack: attacks[attack], epsilon: middle, source: models[source], victims: models,
          examplesPerImage: 1, parts: parts)
      }
    }
  }

  private var spending: [AttackSpending] {
    attacks.flatMap { attack in
      models.map { source in
        AttackSpending(
          attack: attack, source: source, examples: examples, forwardsPerExample: 40,
          backwardsPerExample: 40,
          reached: epsilons.map { epsilon in
            let size = attack == "itgsm" ? min(1, epsilon * Double(steps)) : epsilon
            return ReachedSizes(
              epsilon: epsilon,
              norms: [
                "linf": ReachedSize(mean: size * 0.98, largest: size),
                "l2": ReachedSize(mean: size * 20, largest: size * 28),
                "l1": ReachedSize(mean: size * 500, largest: size * 784),
                "l0": ReachedSize(mean: 700, largest: 784),
              ])
          })
      }
    }
  }

  /// Twenty-four flags of three kinds.
  private var flags: [TrustFlag] {
    let kinds = [TrustCheck.zeroGradients, .blackBoxBeatsWhiteBox, .oneStepBeatsMany]
    return kinds.enumerated().flatMap { number, check in
      (0..<8).map { place in
        let model = models[(place * 5 + number) % models.count]
        return TrustFlag(
          name: check.name,
          raisedBecause: """
            Within ε = 0.0471, \(model) classifies \(40 + place).0% of its own examples correctly, and \
            \(20 + place).0% of those made on \(models[place % models.count]).
            """,
          meaning: check.meaning, advice: check.advice,
          attack: number == 0 ? nil : attacks[place % attacks.count],
          source: number == 0 ? nil : model, victim: model)
      }
    }
  }

  var grid: Grid {
    Grid(
      cells: cells,
      provenance: Provenance(
        experiment: "large", data: "cifar10", dataFingerprint: String(repeating: "0f", count: 32),
        examples: examples, seed: 7, device: "cpu", threads: 2, crossfire: "1.0.0",
        libtorch: "2.13.0",
        models: models.map {
          ModelRecord(
            name: $0, description: "resnet18, 30 epochs",
            defense: $0.contains("standard") ? "none" : "adversarialTraining (epsilon: 0.0314)",
            fingerprint: String(repeating: "a1", count: 32))
        },
        attacks: attacks.map { name in
          AttackRecord(
            name: name, title: "the attack \(name)",
            parameters: name == "itgsm" ? ["steps": "\(steps)"] : ["norm": "linf", "steps": "40"])
        }), flags: flags, spending: spending, overlaps: overlaps, worstCases: worstCases,
      rankings: rankings)
  }

  private var probes: [ModelProbe] {
    models.indices.compactMap { model in
      let norms = (0..<256).map {
        pow(Float(10), Float(($0 * 31) % 256) / 64 - 3 - Float(model % 4))
      }
      let zeros = model % 5 == 3 ? 64 : 0
      let values = [Float](repeating: 0, count: zeros) + norms.dropFirst(zeros)
      let json = """
        {"model":"\(models[model])","gradientNorms":\(values),"nextGradientNorms":\(norms),
        "otherLogProbabilities":\(norms.map { -$0 }),"brokenRows":0,"brokenNearby":0,
        "ignoresImages":false,"ignoresClasses":false,"givesProbabilities":false,"contests":[],
        "changeWhenRepeated":0,"changeWhenAlone":0,"attacked":2,"rightUnderAttack":0,
        "right":\([Bool](repeating: true, count: 256)),"noises":[]}
        """
      return try? JSONDecoder().decode(ModelProbe.self, from: Data(json.utf8))
    }
  }

  private var histories: [TrainingHistory] {
    models.indices.map { model in
      TrainingHistory(
        model: models[model],
        epochs: (0..<30).map { epoch in
          let progress = 1 - exp(-Double(epoch + 1 + model) / 8)
          var record = EpochRecord(
            epoch: epoch, loss: 2.3 * (1 - progress) + 0.1, accuracy: progress)
          record.validationAccuracy = progress * 0.95
          return record
        })
    }
  }

  /// Sheets of noisy pictures, which compress as badly as real examples do.
  private func sheets() throws -> [ImageSheet] {
    let grid = grid
    let classes = (0..<10).map(String.init)
    return try attacks.flatMap { attack in
      try models.enumerated().compactMap { number, source in
        let draws = RandomTensors(seed: UInt64(number))
        let original = draws([10, 1, 28, 28])
        let changed = epsilons.dropFirst().map { epsilon in
          (original + (draws([10, 1, 28, 28]) - 0.5) * (2 * epsilon)).clamped(to: 0...1)
        }
        let count = changed.count
        return try ExampleSheet(
          ExampleSet(
            origin: .init(
              data: "cifar10", classNames: classes, valueRange: 0...1, source: source,
              sourceFingerprint: "m", attack: attack, norm: "linf", parameters: [:],
              epsilons: Array(epsilons.dropFirst()), seed: 1),
            original: original, adversarial: changed, label: Tensor(labels: Array(0..<10)),
            target: Tensor(labels: [Int](repeating: -1, count: 10)),
            index: Tensor(labels: Array(0..<10)),
            predicted: Tensor(labels: (0..<10 * count).map { ($0 * 3) % 10 }).reshaped([count, 10]),
            confidence: Tensor.ones([count, 10])), grid)?.sheet()
      }
    }
  }

  /// The page of the run.
  func page() throws -> ReportPage {
    ReportPage(
      grid: grid, title: "Twelve models", sheets: try sheets(), histories: histories,
      probes: probes)
  }

  /// Images in [0, 1] with a smooth shape and some noise.
  private struct RandomTensors {
    let seed: UInt64

    func callAsFunction(_ shape: [Int]) -> Tensor {
      var state = seed &* 6_364_136_223_846_793_005 &+ 1
      let count = shape.reduce(1, *)
      let values = (0..<count).map { place -> Float in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let noise = Float(state >> 40) / Float(1 << 24)
        let (x, y) = (place % 28 - 14, place / 28 % 28 - 14)
        let isInside = x * x + y * y < 60 + 8 * (place / 784)
        return isInside ? 0.7 + 0.3 * noise : 0.02 * noise
      }
      return Tensor(values, shape: shape)
    }
  }
}
