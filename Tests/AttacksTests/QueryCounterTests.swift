import Attacks
import ModelCore
import Support
import TestSupport
import Testing

@Suite("The cost of an attack is counted at the classifier")
struct QueryCounterTests {
  private func spent(_ attack: any Attack, budgets: [Double]) -> (forwards: Int, backwards: Int) {
    let model = TinyModel.all[1]
    let counter = QueryCounter(model.classifier)
    let images = model.images.narrow(0, 0, 6)
    let goal = Goal.away(from: model.labels.narrow(0, 0, 6))
    _ = attack.sweep(images, goal, epsilons: budgets, against: counter, draws: .of(images, 1))
    return (counter.forwards, counter.backwards)
  }

  @Test("one-step attacks cost one gradient for all budgets, and noise costs nothing")
  func oneStep() {
    #expect(spent(FastGradientSign(), budgets: [0.1, 0.2, 0.3]) == (6, 6))
    #expect(spent(UniformNoise(), budgets: [0.1, 0.2]) == (0, 0))
  }

  @Test(
    "iterated attacks cost one gradient per step and budget, or one more per sample"
  )
  func iterated() {
    #expect(spent(BasicIterativeMethod(StepSchedule(steps: 5)), budgets: [0.1, 0.2]) == (60, 60))
    let tuned = AttackGradient(through: [VarianceTuning(samples: 4)])
    #expect(
      spent(BasicIterativeMethod(StepSchedule(steps: 5), tuned), budgets: [0.1]) == (150, 150))
  }

  @Test("each draw of an expectation costs one gradient per step, and one draw costs nothing more")
  func expectation() {
    let schedule = StepSchedule(steps: 5)
    let costs = [1, 3].map { draws in
      let gradient = AttackGradient(over: ExpectationOverDraws(draws: draws))
      return [
        spent(FastGradientSign(gradient), budgets: [0.1, 0.2]),
        spent(BasicIterativeMethod(schedule, gradient), budgets: [0.1]),
        spent(ProjectedGradientDescent(schedule, restarts: 2, gradient), budgets: [0.1]),
      ]
    }
    for (cost, expected) in zip(costs[0], [(6, 6), (30, 30), (72, 60)]) {
      #expect(cost == expected)
    }
    for (cost, expected) in zip(costs[1], [(18, 18), (90, 90), (216, 180)]) {
      #expect(cost == expected)
    }
  }

  @Test("the saliency map costs two gradients for each image that is not at its goal")
  func saliency() {
    let model = TinyModel.all[1]
    let counter = QueryCounter(model.classifier)
    let images = model.images.narrow(0, 0, 1)
    let labels = model.labels.narrow(0, 0, 1)
    let goal = Goal.towards(labels.equals(0).to(.int64), from: labels)
    _ = JacobianSaliencyMap(theta: 1e-4).sweep(
      images, goal, epsilons: [4.0 / 64], against: counter, draws: .of(images, 1))
    // Two steps of a change too small to reach the goal.
    #expect(counter.forwards == 2)
    #expect(counter.backwards == 4)
  }
}
