import HumanStudy

/// The way of a participant through their list: which question comes next, and what may come.
struct Course: Sendable {
  let trials: [Trial]
  /// One or two a trial.
  let questions: Int
  let classes: Int

  /// A question of a trial, both from 1.
  struct Step: Equatable, Sendable {
    var position = 1
    var question = 1
  }

  /// The next question after the last answer; nil when there is none left.
  ///
  /// Who says "none of them", or lets the time go by, is not asked for the second most plausible
  /// label.
  func next(after last: (step: Step, choice: Choice?)?) -> Step? {
    guard let last else { return trials.isEmpty ? nil : Step() }
    if last.step.question < questions, case .label = last.choice {
      return Step(position: last.step.position, question: last.step.question + 1)
    }
    return last.step.position < trials.count ? Step(position: last.step.position + 1) : nil
  }

  func trial(_ step: Step) -> Trial { trials[step.position - 1] }

  /// Whether a choice can be an answer, given what was named as most plausible.
  func allows(_ choice: Choice?, ending: Answer.Ending, first: Choice?) -> Bool {
    switch choice {
    case nil: ending == .timeout
    case .some(.none): ending == .response
    case .label(let label): ending == .response && (0..<classes).contains(label) && choice != first
    }
  }
}
