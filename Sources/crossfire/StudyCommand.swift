import ArgumentParser

/// `crossfire study`: asks people what they see in adversarial images and compares it with what
/// models predict.
struct StudyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "study",
    abstract: "Ask people what they see in adversarial images.",
    discussion: """
      EXAMPLES
        crossfire study sample results --participants 12
        crossfire study serve results/study
        crossfire study export results/study
        crossfire study score results/study
      """,
    subcommands: [
      StudySample.self, StudyServe.self, StudyLinks.self, StudyExportCommand.self,
      StudyPageCommand.self, StudyCollect.self, StudySimulate.self, StudyPowerCommand.self,
      StudyScoreCommand.self,
    ])
}
