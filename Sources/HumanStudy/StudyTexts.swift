import Evaluation

/// What participants read, unless a design has words of its own.
enum StudyTexts {
  static func consent(_ design: StudyDesign) -> String {
    design.consent ?? """
      You are invited to take part in a study of how people see pictures. You will look at pictures one after the other and say \
      what they show.

      Your answers are stored under a code that does not say who you are, with the time each one took. You may stop at any time, \
      without giving a reason.

      If you agree, go on.
      """
  }

  static func instructions(_ design: StudyDesign, classes: [String]) -> String {
    if let own = design.instructions { return own }
    let second =
      design.secondChoice ? " Then choose the label that is the second most plausible." : ""
    let practice =
      design.practice > 0
      ? "\n\nIt begins with some practice, in which you are told the right answer." : ""
    return """
      Some of the pictures have been changed. For each choose the label that is the most plausible to you.\(second) If none of \
      them is, say so.

      The labels are: \(classes.joined(separator: ", ")).\(practice)
      """
  }

  static func questions(_ design: StudyDesign) -> [String] {
    ["Which label is the most plausible?"]
      + (design.secondChoice ? ["Which is the second most plausible?"] : [])
  }

  static let none = "None of them"

  static let sheetCaption =
    "Each row is a label the pictures had before they were changed, each column a label they were changed towards."
}
