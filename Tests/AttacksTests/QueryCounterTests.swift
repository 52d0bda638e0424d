import Attacks
import ModelCore
import Support
import TestSupport
import Testing

@Suite("What an attack spends is counted at the classifier")
struct QueryCounterTests {
  private func spent(_ attack: any Attack, budgets: [Double]) -> (forwards: Int, backwards: Int) {
    let model = TinyModel.all[1]
    let meter = QueryCounter(model.classifier)
    let images = model.images.narrow(0, 0, 6)
    let goal = Goal.away(from: model.labels.narrow(0, 0, 6))
    _ = attack.sweep(images, goal, epsilons: budgets, against: meter, draws: .of(images, 1))
    return (meter.forwards, meter.backwards)
  }

  @Test("one step: one pass each way for all budgets; noise: none")
  func oneStep() {
    #expect(spent(FastGradientSign(), budgets: [0.1, 0.2, 0.3]) == (6, 6))
    #expect(spent(UniformNoise(), budgets: [0.1, 0.2]) == (0, 0))
  }

  @Test(
    "iterated attacks: a pass each way for each step and budget; variance tuning: one more for each sample"
  )
  func iterated() {
    #expect(spent(BasicIterativeMethod(StepSchedule(steps: 5)), budgets: [0.1, 0.2]) == (60, 60))
    let tuned = AttackGradient(through: [VarianceTuning(samples: 4)])
    #expect(
      spent(BasicIterativeMethod(StepSchedule(steps: 5), tuned), budgets: [0.1]) == (150, 150))
  }

  @Test("the saliency map goes back twice for each look at logits that are not at the goal")
  func saliency() {
    let model = TinyModel.all[1]
    let meter = QueryCounter(model.classifier)
    let images = model.images.narrow(0, 0, 1)
    let labels = model.labels.narrow(0, 0, 1)
    let goal = Goal.towards(labels.equals(0).to(.int64), from: labels)
    _ = JacobianSaliencyMap(theta: 1e-4).sweep(
      images, goal, epsilons: [4.0 / 64], against: meter, draws: .of(images, 1))
    // Two steps of a change too small to reach the goal.
    #expect(meter.forwards == 2)
    #expect(meter.backwards == 4)
  }
}
