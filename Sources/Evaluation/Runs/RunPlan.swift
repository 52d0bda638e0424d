import Foundation
import Support

/// The steps of an experiment in a run folder: what each needs, and which are done. Making a plan
/// computes nothing and opens neither data nor models.
public struct RunPlan: Sendable {
  /// A step of a plan.
  public struct Step: Sendable {
    public let step: ExperimentStep
    /// The steps that must be done before it. What these need in turn is left out.
    public let needs: [ExperimentStep]
    /// Whether the run folder has the step's result for the present settings.
    public let isDone: Bool
  }

  public let experiment: Experiment
  public let folder: URL
  /// The number of parts of each attack.
  public let parts: Int
  /// All steps, each after the steps that it needs.
  public let steps: [Step]

  /// - Parameters:
  ///   - folder: the run folder, if there is one already.
  ///   - parts: the number of parts of each attack.
  /// - Throws: `Failure` if the experiment cannot be written as text.
  public init(_ experiment: Experiment, folder: URL, parts: Int = 1) throws {
    self.experiment = experiment
    self.folder = folder
    self.parts = parts
    let (keys, marks) = (try StepKeys(experiment), StepMarks(folder))
    let outputs = StepOutputs(experiment, folder)
    let ensembles = Set(
      experiment.models.filter(\.isEnsemble).map { ExperimentStep.model($0.name) })
    var done: Set<ExperimentStep> = []
    steps = experiment.steps(parts: parts).map { step in
      let key = keys(step)
      let needs = experiment.needs(of: step, parts: parts)
      // The parts of an attack that is done are done, too. They have the key of the attack.
      let whole = step.attack.map { ExperimentStep.attack($0.name, source: $0.source) } ?? step
      let isDone =
        marks.contains(step, key: key) && outputs.has(step)
        || whole != step && marks.contains(whole, key: key) && outputs.has(whole)
        // An ensemble has no result of its own.
        || ensembles.contains(step) && needs.allSatisfy(done.contains)
      if isDone { done.insert(step) }
      return Step(step: step, needs: needs, isDone: isDone)
    }
  }
}

extension ModelPlan {
  /// Whether the model is the mean of others.
  fileprivate var isEnsemble: Bool { if case .ensemble = origin { true } else { false } }
}
