import HumanStudy

/// A participant's way through their list: which question is next, and which answers it may have.
struct Course: Sendable {
  let trials: [Trial]
  /// The number of questions about a picture, 1 or 2.
  let questions: Int
  let classes: Int

  /// A question of a trial. Both are counted from 1.
  struct Step: Equatable, Sendable {
    var position = 1
    var question = 1
  }

  /// The next question after the last answer; nil if every question was answered.
  ///
  /// The second question is not asked after "none of them" or a timeout.
  func next(after last: (step: Step, choice: Choice?)?) -> Step? {
    guard let last else { return trials.isEmpty ? nil : Step() }
    if last.step.question < questions, case .label = last.choice {
      return Step(position: last.step.position, question: last.step.question + 1)
    }
    return last.step.position < trials.count ? Step(position: last.step.position + 1) : nil
  }

  func trial(_ step: Step) -> Trial { trials[step.position - 1] }

  /// Whether a choice is a possible answer.
  /// - Parameter first: the answer to the first question, if this is the second. The same class
  ///   cannot be the second most plausible one.
  func allows(_ choice: Choice?, ending: Answer.Ending, first: Choice?) -> Bool {
    switch choice {
    case nil: ending == .timeout
    case .some(.none): ending == .response
    case .label(let label): ending == .response && (0..<classes).contains(label) && choice != first
    }
  }
}
