import Datasets
import ModelCore
import Support
import Testing

@testable import Evaluation

@Suite("Whether outputs follow the gradients, and outputs that say nothing")
struct GradientSlopesTests {
  private static let digits = try! SevenSegmentDigits().images(.test, count: 64)
  private static let network = try! Architecture.named("mlp").network(
    input: digits.shape, classNames: digits.classNames, seed: Seed(5))
  private static let other = try! Architecture.named("mlp").network(
    input: digits.shape, classNames: digits.classNames, seed: Seed(6))

  private func probe(_ logits: @escaping @Sendable (Tensor) -> Tensor) -> ModelProbe {
    ModelProbe(
      of: Contestant(
        name: "m", classifier: Computed(like: Self.network, logits), fingerprint: "m"),
      on: Self.digits, noises: [], seed: Seed(1))
  }

  private func flags(_ probe: ModelProbe) -> [String] {
    probe.findings(classCount: 10).map(\.flag.name)
  }

  @Test("The slope is 1 for a linear model and for a strongly curved one")
  func honest() throws {
    let weight = RandomSource(Seed(3)).normal([10, Self.digits.shape.count])
    let line = try #require(probe { $0.flattened.linear(weight, bias: nil) }.slopes)
    let curve = try #require(
      probe { ($0.flattened.linear(weight, bias: nil) * 0.2).power(3) }.slopes)
    for slopes in [line, curve] {
      #expect(slopes.images == 64 && !slopes.areOff)
      #expect(abs(slopes.median - 1) < 0.02 && slopes.low > 0.9 && slopes.high < 1.1)
    }
  }

  @Test("Parts that pass no gradient, that round, or that jump take the slope away from 1")
  func dishonest() {
    let network = Self.network
    let other = Self.other
    let models: [@Sendable (Tensor) -> Tensor] = [
      { network.logits($0.detached) + other.logits($0) * 0.01 },
      { (network.logits($0) * 3).rounded + other.logits($0) * 0.01 },
      { network.logits($0 - ($0 * 3).detached + ($0 * 3).rounded) },
    ]
    for model in models {
      #expect(flags(probe(model)).contains(TrustCheck.gradientsDoNotMatch.name))
    }
  }

  @Test("A random model is flagged as random only, since its slopes say nothing")
  func random() {
    let network = Self.network
    let random = RandomSource(Seed(3))
    let found = flags(probe { network.logits($0) + random.normal([$0.shape[0], 10]) })
    #expect(found.contains(TrustCheck.changesWhenRepeated.name))
    #expect(!found.contains(TrustCheck.gradientsDoNotMatch.name))
  }

  @Test("Outputs that are the same for all images, or for all classes, are flagged")
  func constant() {
    let network = Self.network
    let forImages = probe { network.logits($0 * 0 + 0.5) }
    let forClasses = probe { network.logits($0).sum([1], keep: true).expanded([$0.shape[0], 10]) }
    #expect(forImages.ignoresImages && !forImages.ignoresClasses)
    #expect(!forClasses.ignoresImages && forClasses.ignoresClasses)
    for probe in [forImages, forClasses] {
      #expect(flags(probe).contains(TrustCheck.ignoresInput.name))
    }
    #expect(!flags(probe { network.logits($0) }).contains(TrustCheck.ignoresInput.name))
  }

  @Test("Attacks are compared within each budget of the effort")
  func effort() {
    let contestant = Contestant(name: "m", classifier: Self.network, fingerprint: "m")
    let probe = ModelProbe(
      of: contestant, on: Self.digits, noises: [], seed: Seed(1),
      effort: ProbeEffort(images: 20, steps: 2, queries: 3, budgets: [0.01, 0.1]))
    #expect(probe.contests.map(\.epsilon) == [0.01, 0.1])
    #expect(probe.contests.allSatisfy { $0.underGradient.count == 20 && $0.steps == 2 })
  }

  @Test("Gradients that are not numbers, and outputs that are not next to an image, are flagged")
  func notNumbers() {
    let network = Self.network
    let root = probe { network.logits(($0 * 0).squareRoot + $0) }
    #expect(root.brokenRows == 0 && root.brokenGradients == 64)
    #expect(flags(root).contains(TrustCheck.gradientsAreNoNumbers.name))
    // The root is a number only if every value is one of 256 levels.
    let nearby = probe { x in
      let distance = (x * 255 - (x * 255).rounded).absolute.max([1, 2, 3])
      return network.logits(x) + (distance * -1 + 0.01).squareRoot.reshaped([-1, 1])
    }
    #expect(nearby.brokenRows == 0 && nearby.brokenNearby > 0)
    #expect(flags(nearby).contains(TrustCheck.givesNoNumbers.name))
  }
}
