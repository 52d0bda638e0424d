import ArgumentParser
import Foundation
import HumanStudy
import Support

struct StudyPowerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "power",
    abstract: "Compute how many participants a study needs.",
    discussion: """
      Computes how many participants a study needs so that Fisher's exact test finds
      the difference between two shares with the probability --power, if all answers
      are independent. In practice they are not, because people differ and images
      differ, so ask more people.

      With --participants, it instead simulates studies with that many participants.
      In these, people and images differ in how often they lead to a yes, and in how
      much the condition changes that, by the given standard deviations in log-odds.
      The command shows how often each test of 'crossfire study score' finds a
      difference. If the two shares are equal, there is none, and that is the test's
      false-positive rate, which should be at most --level.

      EXAMPLES
        crossfire study power --shares 0.02 0.16 --pictures 10
        crossfire study power --shares 0.02 0.16 --pictures 10 --participants 12
        crossfire study power --shares 0.3 0.3 --pictures 10 --participants 12 \\
          --images 10 --pictures-differ 1
      """)

  @Option(
    parsing: .upToNextOption, help: ArgumentHelp("The two shares to tell apart.", valueName: "p"))
  var shares: [Double]

  @Option(
    help: ArgumentHelp(
      "The number of pictures of each condition that a participant sees.", valueName: "n"))
  var pictures: Int

  @Option(
    help: ArgumentHelp("The probability with which the difference is found.", valueName: "p"))
  var power = 0.8

  @Option(help: ArgumentHelp("The significance level of the test.", valueName: "p"))
  var level = 0.05

  @Option(help: ArgumentHelp("Simulate studies with this many participants.", valueName: "n"))
  var participants: Int?

  @Option(
    help: ArgumentHelp("How much people differ in both conditions alike.", valueName: "x"))
  var peopleDiffer = 0.5

  @Option(
    help: ArgumentHelp(
      "How much people differ in the difference between the conditions.", valueName: "x"))
  var effectsDiffer = 0.5

  @Option(
    help: ArgumentHelp("How much images differ in both conditions alike.", valueName: "x"))
  var imagesDiffer = 0.5

  @Option(
    help: ArgumentHelp(
      "How much the pictures of an image differ, in each condition on its own.", valueName: "x"))
  var picturesDiffer = 0.5

  @Option(
    help: ArgumentHelp(
      "The number of images, each with one picture in each condition; each participant sees some "
        + "of them.", valueName: "n"))
  var images = 45

  @Option(help: ArgumentHelp("The number of studies to simulate.", valueName: "n"))
  var studies = 200

  @Option(help: ArgumentHelp("The seed of the simulation.", valueName: "n"))
  var seed: UInt64 = 1

  @OptionGroup var output: OutputOptions

  private struct Plan: Encodable {
    let participantsIfIndependent: Int?
    let simulated: Simulated?
  }

  private struct Simulated: Encodable {
    struct Rate: Encodable {
      let test: SimulatedStudies.Test
      let share: Double
      let low: Double
      let high: Double
      let withoutP: Int
    }
    let participants: Int
    let studies: Int
    let isFalsePositiveRate: Bool
    let exactIfIndependent: Double
    let rates: [Rate]
  }

  func run() throws {
    try check()
    let plan = StudyPower(first: shares[0], second: shares[1], picturesEach: pictures, level: level)
    guard let participants else {
      let needed = plan.participants(for: power)
      let answer =
        needed.map { "\($0) participants" }
        ?? "more than 1000 participants, or more than 5000 pictures of each condition"
      return try output.show(
        Plan(participantsIfIndependent: needed, simulated: nil),
        "\(answer), if all answers are independent")
    }
    let simulation = SimulatedStudies(
      plan, participants: participants, images: images,
      spread: .init(
        people: peopleDiffer, effects: effectsDiffer, images: imagesDiffer, pictures: picturesDiffer
      ))
    let progress = output.progress
    progress.begin("simulate studies", total: studies, unit: "studies")
    let rates = simulation.rates(studies: studies, seed: Seed(seed).derive("study power")) {
      progress.update($0)
    }
    progress.end(nil)
    let simulated = Simulated(
      participants: participants, studies: studies, isFalsePositiveRate: shares[0] == shares[1],
      exactIfIndependent: plan.fisher(participants: participants),
      rates: rates.map {
        .init(
          test: $0.test, share: $0.share, low: $0.interval.lowerBound, high: $0.interval.upperBound,
          withoutP: $0.withoutP)
      })
    try output.show(
      Plan(participantsIfIndependent: nil, simulated: simulated), text(simulated))
  }

  /// The rates as a table, below a sentence that says what they are.
  private func text(_ simulated: Simulated) -> String {
    let isNull = simulated.isFalsePositiveRate
    var table = TextTable([
      "test", isNull ? "false positives" : "power", "95 % interval", "studies without p",
    ])
    for rate in simulated.rates {
      table.add([
        rate.test.title, rate.share.percent, "\(rate.low.percent) to \(rate.high.percent)",
        "\(rate.withoutP)",
      ])
    }
    let exact = simulated.exactIfIndependent.percent
    let meaning =
      isNull
      ? "The conditions do not differ. How often a test has a p of at most \(level):"
      : "How often a test finds the difference with a p of at most \(level). If all answers were\n"
        + "independent, Fisher's exact test would find it in \(exact) of studies."
    return "\(studies) simulated studies with \(simulated.participants) participants\n\n\(meaning)"
      + "\n\n\(table.text)"
  }

  private func check() throws {
    func refuse(_ option: String, _ expected: String) -> Failure {
      .usage("\(option): expected \(expected)")
    }
    guard shares.count == 2, shares.allSatisfy({ (0...1).contains($0) }) else {
      throw refuse("--shares", "two shares from 0 to 1")
    }
    guard shares[0] != shares[1] || participants != nil else {
      throw Failure.usage(
        "--shares: expected two different shares, found \(shares[0]) twice",
        hint: "with --participants, equal shares give the false-positive rate of the tests")
    }
    guard (1...500).contains(pictures) else {
      throw refuse("--pictures \(pictures)", "a number from 1 to 500")
    }
    guard power > 0, power < 1 else {
      throw refuse("--power \(power)", "a probability between 0 and 1")
    }
    guard level > 0, level < 1 else {
      throw refuse("--level \(level)", "a probability between 0 and 1")
    }
    guard (1...500).contains(participants ?? 1) else {
      throw refuse("--participants \(participants ?? 0)", "a number from 1 to 500")
    }
    for (option, value) in [
      ("--people-differ", peopleDiffer), ("--effects-differ", effectsDiffer),
      ("--images-differ", imagesDiffer), ("--pictures-differ", picturesDiffer),
    ] where !(0...10).contains(value) {
      throw refuse("\(option) \(value)", "a standard deviation from 0 to 10, in log-odds")
    }
    guard (pictures...10_000).contains(images) else {
      throw refuse(
        "--images \(images)",
        "a number from \(pictures), the pictures that a participant sees, to 10000")
    }
    guard (1...10_000).contains(studies) else {
      throw refuse("--studies \(studies)", "a number from 1 to 10000")
    }
  }
}

extension SimulatedStudies.Test {
  /// The words for the test in a table.
  fileprivate var title: String {
    switch self {
    case .mixed: "mixed model"
    case .intercepts: "mixed model, intercepts only"
    case .bootstrap: "bootstrap"
    case .fisher: "Fisher"
    }
  }
}
