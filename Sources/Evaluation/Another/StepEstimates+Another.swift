import Datasets
import ModelCore

extension StepEstimates {
  /// Estimates the step of a model with another explanation.
  mutating func estimate(
    _ plan: ModelPlan, _ found: AnotherTraining, _ step: ExperimentStep
  ) throws -> StepEstimate {
    guard let training else { preconditionFailure("no training images") }
    if allTrained, let stored = try search?.revisit(plan, found) {
      guard let stored else { return .absent(step) }
      entrants[plan.name] = stored.contestant
      return StepEstimate(step: step.name, work: found.work, isDone: true, seconds: nil)
    }
    allTrained = false
    let train = try training.train.images()
    let network = try fresh(found.recipe, train).preceded(by: plan.transform)
    entrants[plan.name] = try Contestant(name: plan.name, network)
    let images = found.plan.method == .sequential ? train.unmasked : train
    let together = found.plan.method == .simultaneous
    // The networks that take codes are small, and their autoencoder has an architecture of its own.
    let isTimed = found.plan.place == .inputs && !(together && found.number > 1)
    let seconds = isTimed ? try self.seconds(found.recipe, images) : nil
    return StepEstimate(
      step: step.name, work: found.work, isDone: false,
      seconds: seconds.map { together ? $0 * Double(found.plan.count) : $0 })
  }
}

extension StepEstimate {
  /// A step of a model that does not exist.
  static func absent(_ step: ExperimentStep) -> StepEstimate {
    StepEstimate(
      step: step.name, work: "nothing: the search for explanations stopped before it", isDone: true,
      seconds: nil)
  }
}

extension AnotherTraining {
  /// What the step of the model does, in one line.
  var work: String {
    let training = "\(recipe.text), \(recipe.defense.text)"
    return switch plan.method {
    case .sequential: "needs \(earlier.joined(separator: ", ")): train \(training) in their masks"
    case .simultaneous where number == 1:
      (plan.place == .codes ? "train an autoencoder, and on its codes " : "train ")
        + "\(plan.count) models together: \(training)"
    case .simultaneous: "needs \(earlier.joined(separator: ", ")): was trained together with it"
    }
  }
}

extension LabelledImages {
  /// The same images with masks of zeros that take no memory.
  fileprivate var unmasked: LabelledImages {
    let shape = shape.sizes
    return masked(
      by: Tensor.zeros([1] + shape.map { _ in 1 }, type: .uint8).expanded([count] + shape))
  }
}
