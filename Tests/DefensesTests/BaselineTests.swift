import Defenses
import ModelCore
import Support
import Testing

@Suite("Baseline defenses")
struct BaselineTests {
  private var step: TrainingStep { TinyTraining.step(TinyTraining.network(), pass: .evaluation) }

  @Test(
    "label smoothing is (1 − α) of the cross-entropy and α of the mean over all classes",
    arguments: [0, 0.1, 1])
  func smoothing(_ alpha: Double) {
    let step = step
    let uniform = -step.logits.logSoftmax().mean().scalar
    let expected = (1 - alpha) * CrossEntropy().terms(step).total.scalar + alpha * uniform
    #expect(abs(LabelSmoothing(alpha: alpha).terms(step).total.scalar - expected) < 1e-5)
  }

  @Test("Gaussian noise has the deviation σ, and other numbers in each epoch")
  func noise() {
    let network = TinyTraining.network()
    let clean = CrossEntropy().terms(step).total.scalar
    #expect(abs(GaussianNoise(sigma: 0).terms(step).total.scalar - clean) < 1e-6)
    func value(_ seed: UInt64) -> Double {
      let step = TinyTraining.step(
        network, pass: .training(dropout: nil, updatesStatistics: false), seed: seed)
      return GaussianNoise(sigma: 0.2).terms(step).total.scalar
    }
    #expect(value(1) == value(1))
    #expect(value(1) != value(2))

    let images = step.images
    let noise = step.draws("noise").normal(Array(images.shape.dropFirst())) * 0.2
    let logits = TinyTraining.network().logits(images + noise)
    let expected = logits.crossEntropy(step.labels).mean().scalar
    #expect(abs(GaussianNoise(sigma: 0.2).terms(step).total.scalar - expected) < 1e-6)
  }
}
