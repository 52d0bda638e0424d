import Evaluation
import Foundation

/// How long the steps took that are done, as their marks in the run folder say. Between two looks at
/// the folder only the marks of steps that have been done since are read.
final class StepTimes {
  /// The experiment to which the times belong.
  private var text: String?
  /// The seconds of each step that is done; nil where its mark says none.
  private var seconds: [ExperimentStep: Double?] = [:]
  /// The number of marks that were read.
  private(set) var reads = 0

  /// Reads the times of the steps of a plan that are done and not known yet.
  func read(_ plan: RunPlan) throws {
    let text = try plan.experiment.resolved()
    if text != self.text { seconds = [:] }
    self.text = text
    var new: [ExperimentStep] = []
    for step in plan.steps {
      if !step.isDone {
        // It may be done again, in another time.
        seconds[step.step] = nil
      } else if seconds.index(forKey: step.step) == nil {
        new.append(step.step)
      }
    }
    guard !new.isEmpty else { return }
    let (keys, marks) = (try StepKeys(plan.experiment), StepMarks(plan.folder))
    for step in new {
      seconds.updateValue(marks.mark(of: step, key: keys(step))?.seconds, forKey: step)
      reads += 1
    }
  }

  /// The seconds of a step; nil if it is not done, or if they are unknown.
  subscript(_ step: ExperimentStep) -> Double? { seconds[step] ?? nil }
}
