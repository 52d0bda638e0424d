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
      differ, so ask a few more people.

      With --participants, it instead simulates studies with that many participants,
      in which people and images differ by the given standard deviations in log-odds.
      Each simulated study is analysed by the mixed model.

      EXAMPLES
        crossfire study power --shares 0.02 0.16 --pictures 10
        crossfire study power --shares 0.02 0.16 --pictures 10 --participants 12
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

  @Option(help: ArgumentHelp("The standard deviation of people, in log-odds.", valueName: "x"))
  var peopleDiffer = 0.5

  @Option(help: ArgumentHelp("The standard deviation of images, in log-odds.", valueName: "x"))
  var imagesDiffer = 0.5

  @Option(
    help: ArgumentHelp(
      "The number of images of each condition; each participant sees some of them.",
      valueName: "n"))
  var images = 45

  @Option(help: ArgumentHelp("The number of studies to simulate.", valueName: "n"))
  var studies = 200

  @Option(help: ArgumentHelp("The seed of the simulation.", valueName: "n"))
  var seed: UInt64 = 1

  @OptionGroup var output: OutputOptions

  private struct Plan: Encodable {
    struct Simulated: Encodable {
      let participants: Int
      let exactIfIndependent: Double
      let mixedModel: Double
      let low: Double
      let high: Double
    }
    let participantsIfIndependent: Int?
    let simulated: Simulated?
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
    let progress = output.progress
    progress.begin("simulate studies", total: studies, unit: "studies")
    let found = plan.simulated(
      participants: participants, participantDeviation: peopleDiffer, imageDeviation: imagesDiffer,
      images: images, studies: studies, seed: Seed(seed).derive("study power")
    ) { progress.update($0) }
    progress.end(nil)
    let exact = plan.fisher(participants: participants)
    let simulated = Plan.Simulated(
      participants: participants, exactIfIndependent: exact, mixedModel: found.power,
      low: found.interval.lowerBound,
      high: found.interval.upperBound)
    try output.show(
      Plan(participantsIfIndependent: nil, simulated: simulated),
      "with \(participants) participants the difference is found with a probability of "
        + "\(exact.percent), if all answers are independent; the mixed model found it in "
        + "\(found.power.percent) (95 % interval \(found.interval.lowerBound.percent) to "
        + "\(found.interval.upperBound.percent)) of \(studies) simulated studies")
  }

  private func check() throws {
    func refuse(_ option: String, _ expected: String) -> Failure {
      .usage("\(option): expected \(expected)")
    }
    guard shares.count == 2, shares.allSatisfy({ (0...1).contains($0) }) else {
      throw refuse("--shares", "two shares from 0 to 1")
    }
    guard shares[0] != shares[1] else { throw refuse("--shares", "two different shares") }
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
    guard (0...10).contains(peopleDiffer), (0...10).contains(imagesDiffer) else {
      throw refuse("--people-differ, --images-differ", "numbers from 0 to 10")
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
