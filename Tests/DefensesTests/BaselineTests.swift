import Defenses
import ModelCore
import Support
import Testing

@Suite("Baselines")
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

  @Test("Gaussian noise has its σ, is drawn anew for every batch, and is not there at σ = 0")
  func noise() {
    let network = TinyTraining.network()
    let clean = CrossEntropy().terms(step).total.scalar
    #expect(abs(GaussianNoise(sigma: 0).terms(step).total.scalar - clean) < 1e-6)
    let pass = Pass.training(dropout: Seed(1), updatesStatistics: false)
    let values = (0..<2).map { _ in
      GaussianNoise(sigma: 0.2).terms(TinyTraining.step(network, pass: pass)).total.scalar
    }
    #expect(values[0] != values[1])

    let images = step.images
    let noisy = images + RandomSource(Seed(0)).normal(images.shape) * 0.2
    let expected = TinyTraining.network().logits(noisy).crossEntropy(step.labels).mean().scalar
    #expect(abs(GaussianNoise(sigma: 0.2).terms(step).total.scalar - expected) < 1e-6)
  }
}
