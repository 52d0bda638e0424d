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

  @Option(
    help: ArgumentHelp("How much people differ in both conditions alike.", valueName: "x"))
  var peopleDiffer = Number(0.5)

  @Option(
    help: ArgumentHelp(
      "How much people differ in the difference between the conditions.", valueName: "x"))
  var effectsDiffer = Number(0.5)

  @Option(
    help: ArgumentHelp("How much images differ in both conditions alike.", valueName: "x"))
  var imagesDiffer = Number(0.5)

  @Option(
    help: ArgumentHelp(
      "How much the pictures of an image differ, in each condition on its own.", valueName: "x"))
  var picturesDiffer = Number(0.5)

  @Option(
    help: ArgumentHelp(
      "The number of images, each with one picture in each condition; each participant sees some "
        + "of them.", valueName: "n"))
  var images = Number(45)

  @Option(help: ArgumentHelp("The number of studies to simulate.", valueName: "n"))
  var studies = Number(200)

  @Option(help: ArgumentHelp("The seed of the simulation.", valueName: "n"))
  var seed = Number(1)

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
    let level: Double
    let isFalsePositiveRate: Bool
    let exactIfIndependent: Double
    let rates: [Rate]
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
    let simulation = SimulatedStudies(
      plan, participants: participants, images: numbers.images, spread: numbers.spread)
    progress.begin("simulate studies", total: studies, unit: "studies")
    let rates = simulation.rates(studies: studies, seed: numbers.seed.derive("study power")) {
      progress.update($0)
    }
    progress.end(nil)
    let simulated = Simulated(
      participants: participants, studies: studies, level: plan.level,
      isFalsePositiveRate: plan.first == plan.second,
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
      ? "The conditions do not differ. How often a test has a p of at most \(simulated.level):"
      : "How often a test finds the difference with a p of at most \(simulated.level). If all "
        + "answers were\nindependent, Fisher's exact test would find it in \(exact) of studies."
    return
      "\(simulated.studies) simulated studies with \(simulated.participants) participants\n\n\(meaning)"
      + "\n\n\(table.text)"
  }

  /// The numbers of the options, each in its range.
  private struct Numbers {
    let shares: [Double]
    let pictures: Int
    let power: Double
    let level: Double
    let participants: Int?
    let spread: SimulatedStudies.Spread
    let images: Int
    let studies: Int
    let seed: Seed

    init(_ options: StudyPowerCommand) throws {
      shares = try options.shares.separated.map { try $0.real("--shares", in: 0...1) }
      guard shares.count == 2 else {
        throw Failure.usage("--shares: expected two shares from 0 to 1, found \(shares.count)")
      }
      guard shares[0] != shares[1] || options.participants != nil else {
        throw Failure.usage(
          "--shares: expected two different shares, found \(shares[0]) twice",
          hint: "with --participants, equal shares give the false-positive rate of the tests")
      }
      pictures = try options.pictures.whole("--pictures", in: 1...500)
      power = try Self.inside(options.power, "--power")
      level = try Self.inside(options.level, "--level")
      participants = try options.participants?.whole("--participants", in: 1...500)
      func deviation(_ number: Number, _ option: String) throws -> Double {
        try number.real(
          option, in: 0...10, expected: "a standard deviation from 0 to 10, in log-odds")
      }
      spread = .init(
        people: try deviation(options.peopleDiffer, "--people-differ"),
        effects: try deviation(options.effectsDiffer, "--effects-differ"),
        images: try deviation(options.imagesDiffer, "--images-differ"),
        pictures: try deviation(options.picturesDiffer, "--pictures-differ"))
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
