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
  var shares: [Number]

  @Option(
    help: ArgumentHelp(
      "The number of pictures of each condition that a participant sees.", valueName: "n"))
  var pictures: Number

  @Option(
    help: ArgumentHelp("The probability with which the difference is found.", valueName: "p"))
  var power = Number(0.8)

  @Option(help: ArgumentHelp("The significance level of the test.", valueName: "p"))
  var level = Number(0.05)

  @Option(help: ArgumentHelp("Simulate studies with this many participants.", valueName: "n"))
  var participants: Number?

  @Option(help: ArgumentHelp("The standard deviation of people, in log-odds.", valueName: "x"))
  var peopleDiffer = Number(0.5)

  @Option(help: ArgumentHelp("The standard deviation of images, in log-odds.", valueName: "x"))
  var imagesDiffer = Number(0.5)

  @Option(
    help: ArgumentHelp(
      "The number of images of each condition; each participant sees some of them.",
      valueName: "n"))
  var images = Number(45)

  @Option(help: ArgumentHelp("The number of studies to simulate.", valueName: "n"))
  var studies = Number(200)

  @Option(help: ArgumentHelp("The seed of the simulation.", valueName: "n"))
  var seed = Number(1)

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
    let numbers = try Numbers(self)
    let plan = StudyPower(
      first: numbers.shares[0], second: numbers.shares[1], picturesEach: numbers.pictures,
      level: numbers.level)
    guard let participants = numbers.participants else {
      let needed = plan.participants(for: numbers.power)
      let answer =
        needed.map { "\($0) participants" }
        ?? "more than 1000 participants, or more than 5000 pictures of each condition"
      return try output.show(
        Plan(participantsIfIndependent: needed, simulated: nil),
        "\(answer), if all answers are independent")
    }
    let (progress, studies) = (output.progress, numbers.studies)
    progress.begin("simulate studies", total: studies, unit: "studies")
    let found = plan.simulated(
      participants: participants, participantDeviation: numbers.peopleDiffer,
      imageDeviation: numbers.imagesDiffer, images: numbers.images, studies: studies,
      seed: numbers.seed.derive("study power")
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

  /// The numbers of the options, each in its range.
  private struct Numbers {
    let shares: [Double]
    let pictures: Int
    let power: Double
    let level: Double
    let participants: Int?
    let peopleDiffer: Double
    let imagesDiffer: Double
    let images: Int
    let studies: Int
    let seed: Seed

    init(_ options: StudyPowerCommand) throws {
      shares = try options.shares.separated.map { try $0.real("--shares", in: 0...1) }
      guard shares.count == 2 else {
        throw Failure.usage("--shares: expected two shares from 0 to 1, found \(shares.count)")
      }
      guard shares[0] != shares[1] else {
        throw Failure.usage("--shares: expected two different shares")
      }
      pictures = try options.pictures.whole("--pictures", in: 1...500)
      power = try Self.inside(options.power, "--power")
      level = try Self.inside(options.level, "--level")
      participants = try options.participants?.whole("--participants", in: 1...500)
      peopleDiffer = try options.peopleDiffer.real("--people-differ", in: 0...10)
      imagesDiffer = try options.imagesDiffer.real("--images-differ", in: 0...10)
      images = try options.images.whole("--images", in: 1...10_000)
      guard images >= pictures else {
        throw options.images.refusal(
          "--images",
          "a whole number of at least \(pictures), the pictures that a participant sees")
      }
      studies = try options.studies.whole("--studies", in: 1...10_000)
      seed = try options.seed.seed()
    }

    /// A probability that is neither 0 nor 1.
    private static func inside(_ number: Number, _ option: String) throws -> Double {
      let expected = "a probability between 0 and 1"
      let value = try number.real(option, in: 0...1, expected: expected)
      guard value > 0, value < 1 else { throw number.refusal(option, expected) }
      return value
    }
  }
}
