import Evaluation
import Support
import Testing

@Suite("The design of a human study")
struct StudyDesignTests {
  private func experiment(_ study: String) throws -> Experiment {
    let text = """
      seed: 9
      data: { name: synthetic, train: 100, test: 50 }
      models: { a: { architecture: mlp, epochs: 1 }, b: { architecture: mlp, epochs: 1 } }
      attacks:
        jsma: { gamma: [0.1, 0.25], target: all }
      study: \(study)
      """
    return try Experiment(.yaml(text, file: "run.yaml"))
  }

  /// "The thesis" is A. Ross, "Training Machine Learning Models by Regularizing their Explanations"
  /// (2018).
  @Test("the defaults are the design of the thesis with controls, and the experiment's seed")
  func defaults() throws {
    let design = try #require(
      try experiment("{ attack: jsma, models: [a], participants: 11 }").study)
    #expect(
      design.seed == Seed(9) && design.attacks == ["jsma"] && design.models == ["a"]
        && design.imagesPerClass == 5)
    #expect(
      design.images == nil && design.spares == 3 && design.secondChoice && design.checks == 4
        && design.clean == nil && design.noise == nil && design.repeats == 0)
  }

  @Test(
    "a mistake in a design is reported with its line",
    arguments: [
      ("{ attack: jsna, participants: 2 }", "run.yaml:6: study: unknown attack 'jsna'"),
      (
        "{ attack: jsma, models: [c], participants: 2 }", "run.yaml:6: study: unknown model 'c'"
      ),
      (
        "{ attack: jsma, epsilons: [0.2], participants: 2 }", "run.yaml:6: jsma is not run with 0.2"
      ),
      (
        "{ attack: jsma }",
        "run.yaml:6: 'participants' is missing (how many participants are wanted)"
      ),
      (
        "{ attack: jsma, participants: 0 }",
        "run.yaml:6: participants: expected a whole number from 1 to 100000, found '0'"
      ),
      (
        "{ attack: jsma, participants: 2, sheets: maybe }",
        "run.yaml:6: sheets: expected true or false, found 'maybe'"
      ),
      (
        "{ attack: jsma, participants: 2, language: fr }", "run.yaml:6: unknown language 'fr'"
      ),
      (
        "{ attack: jsma, participants: 2, demographics: [shoes] }",
        "run.yaml:6: unknown question 'shoes'"
      ),
      ("{ attack: jsma, participants: 2, people: 3 }", "run.yaml:6: a study has no 'people'"),
      (
        "{ attacks: [], participants: 2 }",
        "run.yaml:6: expected at least one attack, each named once"
      ),
      (
        "{ attack: jsma, models: [a, a], participants: 2 }",
        "run.yaml:6: expected at least one model, each named once"
      ),
      (
        "{ attack: jsma, epsilons: [], participants: 2 }",
        "run.yaml:6: expected at least one budget, each named once"
      ),
    ])
  func refused(_ study: String, _ message: String) {
    let failure = #expect(throws: Failure.self) { try experiment(study) }
    #expect(failure?.kind == .badData && failure?.message == message)
  }

  @Test(
    "writing a design out and reading it again gives the same design",
    arguments: [
      "{ attack: jsma, participants: 5 }",
      "{ attack: jsma, models: [b], epsilons: [0.25], participants: 5 }",
      "{ attacks: [jsma], epsilons: [0.1, 0.25], models: [b, a], participants: 7, spares: 0, "
        + "images: 8, repeats: 2, checks: 3, practice: 0, distance: 1, scale: 4, "
        + "secondChoice: false, seconds: 2.5, sheets: false, checksRight: 0.5, "
        + "clean: 2, noise: 0, pause: 0, fullscreen: true, calibration: true, language: de, "
        + "demographics: [age, vision], fastest: 0.5, keepUnfinished: true, consent: 'Yes: \"I\" do', instructions: look, title: T, seed: 4 }",
    ])
  func resolved(_ study: String) throws {
    let first = try experiment(study)
    let again = try Experiment(.yaml(first.resolved(), file: "experiment.yaml"))
    #expect(again.study == first.study)
    #expect(
      try StudyDesign(.yaml(try #require(first.study).resolved(), file: "design.yaml"))
        == first.study)
  }
}
