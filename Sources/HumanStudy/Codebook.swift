import Support

/// A column of the exported dataset, and what it means.
struct CodebookEntry {
  let name: String
  let meaning: String
  /// The unit of the values; nil for values without a unit.
  var unit: String?
  /// The values that occur; empty if there are too many to list.
  var values: [String] = []
}

/// What the columns of the exported dataset mean.
enum Codebook {
  private static let truth = ["true", "false"]

  /// The columns of the table of answers, in their order.
  static let answers: [CodebookEntry] = [
    participant, pilot, leftOut, session,
    CodebookEntry(
      name: "position", meaning: "Place of the trial in the participant's list, counted from 1"),
    CodebookEntry(
      name: "phase",
      meaning: "Purpose of the trial: practice with feedback, main part, or check of attention",
      values: Phase.allCases.map(\.rawValue)),
    CodebookEntry(name: "stimulus", meaning: "Name of the picture"),
    CodebookEntry(
      name: "question",
      meaning: "1 asks for the most plausible label, 2 for the second most plausible one",
      values: ["1", "2"]),
    CodebookEntry(
      name: "choice",
      meaning:
        "Number of the chosen class, counted from 0; na for none of them; empty after a timeout"),
    CodebookEntry(
      name: "choice_label", meaning: "Name of the chosen class; empty for none of them"),
    CodebookEntry(
      name: "ended_on", meaning: "How the question ended",
      values: Answer.Ending.allCases.map(\.rawValue)),
    CodebookEntry(
      name: "rt_ms",
      meaning: "Time from the picture's first appearance to the answer, measured by the page",
      unit: "ms"),
    CodebookEntry(
      name: "server_ms",
      meaning: "Time from the delivery of the trial to the arrival of the answer, measured by the "
        + "server",
      unit: "ms"),
    CodebookEntry(name: "time", meaning: "When the answer was stored, as ISO 8601 in UTC"),
    CodebookEntry(
      name: "kind", meaning: "What the picture is: adversarial, a control, a check, or practice",
      values: Stimulus.Kind.allCases.map(\.rawValue)),
    CodebookEntry(
      name: "image", meaning: "Place in the data set of the image that the picture is made of"),
    CodebookEntry(name: "label", meaning: "Number of the image's class in the data set"),
    CodebookEntry(
      name: "target", meaning: "Number of the class that the attack aimed at or reached"),
    CodebookEntry(name: "source", meaning: "Model that the attack was run on"),
    CodebookEntry(name: "attack", meaning: "Attack that made the picture"),
    CodebookEntry(name: "epsilon", meaning: "Budget of the attack, in the unit of the data"),
    CodebookEntry(
      name: "condition", meaning: "Source model, attack and budget in one, or the control condition"
    ),
    CodebookEntry(
      name: "named_target", meaning: "Whether the choice is the target", values: truth),
    CodebookEntry(name: "named_label", meaning: "Whether the choice is the label", values: truth),
    CodebookEntry(
      name: "window_width", meaning: "Width of the window in the session", unit: "CSS pixels"),
    CodebookEntry(
      name: "window_height", meaning: "Height of the window in the session", unit: "CSS pixels"),
    CodebookEntry(
      name: "touch", meaning: "Whether the participant points by touch", values: truth),
    CodebookEntry(
      name: "pixels_per_mm", meaning: "Measured size of the screen; empty if not measured",
      unit: "CSS pixels/mm"),
    CodebookEntry(
      name: "distance_mm",
      meaning: "Measured distance of the eye from the screen; empty if not measured", unit: "mm"),
  ]

  /// The columns of the table of participants, in their order, before those of the questions about
  /// the participant.
  static let participants: [CodebookEntry] = [
    participant, pilot, leftOut,
    CodebookEntry(name: "slot", meaning: "Number of the participant's list of trials"),
    CodebookEntry(
      name: "status", meaning: "How far the participant came",
      values: ParticipantRecord.Status.allCases.map(\.rawValue)),
    CodebookEntry(name: "consented", meaning: "When the participant consented, as ISO 8601 in UTC"),
    CodebookEntry(
      name: "consent_sha256", meaning: "SHA-256 of the text that the participant agreed to"),
    CodebookEntry(name: "finished", meaning: "When the participant finished, as ISO 8601 in UTC"),
    CodebookEntry(name: "sessions", meaning: "How many times the participant opened the page"),
  ]

  /// The column of a question about the participant.
  static func demographic(_ question: Study.Demographic) -> CodebookEntry {
    CodebookEntry(
      name: "demographic_\(question.name)",
      meaning: "Answer to “\(question.question)”; empty if not answered", values: question.choices)
  }

  private static let participant = CodebookEntry(
    name: "participant", meaning: "Code of the participant within the study")
  private static let session = CodebookEntry(
    name: "session", meaning: "How many times the participant had opened the page, counted from 1")
  private static let pilot = CodebookEntry(
    name: "pilot", meaning: "Whether the participant took part in the pilot", values: truth)
  private static let leftOut = CodebookEntry(
    name: "left_out",
    meaning:
      "Rule by which the participant is left out of the analysis; empty if they are analysed",
    values: ExclusionRules.Rule.allCases.map(\.rawValue))
}
