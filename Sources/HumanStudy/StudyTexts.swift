import Evaluation

/// The texts that participants read, unless the design has texts of its own.
enum StudyTexts {
  static func consent(_ design: StudyDesign) -> String {
    design.consent ?? """
      You are invited to take part in a study of how people see pictures. You will look at \
      pictures one after the other and say what they show.

      We store your answers and the time that each answer took, under a code that does not say who \
      you are. You may stop at any time, without giving a reason.

      If you agree, continue.
      """
  }

  static func instructions(_ design: StudyDesign, classes: [String]) -> String {
    if let own = design.instructions { return own }
    let second =
      design.secondChoice ? " Then choose the label that is the second most plausible." : ""
    let practice =
      design.practice > 0
      ? "\n\nYou begin with some practice pictures, for which we tell you the right answer." : ""
    return """
      Some of the pictures have been changed. For each picture, choose the label that is the most \
      plausible to you.\(second) If no label is plausible, choose “\(none)”.

      The labels are: \(classes.joined(separator: ", ")).\(practice)
      """
  }

  static func questions(_ design: StudyDesign) -> [String] {
    ["Which label is the most plausible?"]
      + (design.secondChoice ? ["Which label is the second most plausible?"] : [])
  }

  static let none = "None of them"

  static let sheetCaption = """
    Each row is the label of the pictures before they were changed. Each column is a label that \
    they were changed towards.
    """
}
