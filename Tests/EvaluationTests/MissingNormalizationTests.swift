import Datasets
import ModelCore
import Support
import Testing

@testable import Evaluation

@Suite("A normalisation that is missing")
struct MissingNormalizationTests {
  private static let digits = try! SevenSegmentDigits().images(.test, count: 100)
  private static let network = try! Architecture.named("mlp").network(
    input: digits.shape, classNames: digits.classNames, seed: Seed(5))

  /// The digits with the network's own predictions as labels, for images after (x − M) / S.
  private func data(mean: Double, deviation: Double) throws -> LabelledImages {
    let images = (Self.digits.batch(0..<100).images - mean) / deviation
    return try LabelledImages(
      name: "digits", shape: Self.digits.shape, classNames: Self.digits.classNames,
      pixels: Self.digits.pixels.bytes(), labels: Self.network.predictions(images).int64s())
  }

  private func probe(_ data: LabelledImages, mayLack: Bool = true) -> ModelProbe {
    ModelProbe(
      of: Contestant(
        name: "m", classifier: Self.network, fingerprint: "m", mayLackNormalization: mayLack),
      on: data, noises: [], seed: Seed(1))
  }

  private func flags(_ probe: ModelProbe) -> [TrustFlag] {
    TrustEvidence(probes: [probe], classCount: 10).flags().filter {
      $0.name == TrustCheck.lacksNormalization.name
    }
  }

  @Test("a model that was trained on normalised digits is named with the normalisation it needs")
  func missing() throws {
    let probe = probe(try data(mean: 0.1307, deviation: 0.3081))
    let missing = try #require(probe.missingNormalization)
    #expect(missing.usualFor == "MNIST" && missing.rightNormalized == 100 && missing.judged == 100)
    #expect(missing.right == probe.right.trueCount && missing.isFound)
    let flag = try #require(flags(probe).first)
    #expect(flag.raisedBecause.contains("and 100 if they are normalised as is usual for MNIST"))
    #expect(flag.raisedBecause.contains("(:mean=0.1307,std=0.3081)"))
    #expect(probe.holds(.givesNoNumbers, classCount: 10) == "outputs are finite")
  }

  @Test("a model that needs none, or that says what it needs, is not named")
  func present() throws {
    #expect(flags(probe(try data(mean: 0, deviation: 1))).isEmpty)
    let other = try data(mean: 0.1307, deviation: 0.3081)
    #expect(probe(other, mayLack: false).missingNormalization == nil)
  }

  @Test("every check on a single model says what holds if it raises no flag")
  func holds() throws {
    let probe = probe(try data(mean: 0, deviation: 1))
    for check in ModelProbe.loadingChecks {
      #expect(probe.holds(check, classCount: 10) != nil, "\(check.name)")
    }
  }
}
