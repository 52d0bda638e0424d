import Foundation
import HumanStudy
import Support
import TestSupport
import Testing

@testable import StudyServer

@Suite("A whole study, from a run to the score")
struct WholeStudyTests {
  private static let experiment = """
    name: small
    seed: 3
    data: { name: synthetic, train: 600, test: 200 }
    models:
      a: { architecture: small, epochs: 3 }
      b: { architecture: small, epochs: 2 }
    attacks:
      tgsm: { epsilons: [0.5], target: all }
    examples: 50
    images: { attacks: [tgsm], count: 50 }
    """

  private func crossfire(_ arguments: String...) throws {
    let process = Process()
    process.executableURL = ServedProcess.program
    process.arguments = arguments + ["--quiet"]
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(arguments)")
  }

  @Test(
    "The scores agree with the probabilities, although the server is killed in between",
    .enabled(if: FileManager.default.isExecutableFile(atPath: ServedProcess.program.path)))
  func whole() async throws {
    let temporary = TemporaryFolder()
    try Data(Self.experiment.utf8).write(to: temporary.appending("small.yaml"))
    let out = temporary.appending("out")
    try crossfire(
      "run", temporary.appending("small.yaml").path, "--out", out.path, "--threads", "1")
    try crossfire(
      "study", "sample", out.path, "--attack", "tgsm", "--participants", "12", "--threads", "1")
    let folder = StudyFolder(out.appending(path: "study"))
    let key = Dictionary(uniqueKeysWithValues: try folder.readKey().map { ($0.name, $0) })
    let fooled = ["a": 0.05, "b": 0.4]
    let behaviours = try fooled.mapValues { try SimulatedBehaviour(fooled: $0, second: 0.3) }
    let digest = try LoadedStudy(folder).consentDigest

    var server = try ServedProcess(folder, port: 0)
    let address = URL(string: "http://127.0.0.1:\(server.port)")!
    let people = (1...12).map {
      SimulatedPerson(
        key: key, behaviours: behaviours, classes: 10, seed: Seed(11).derive("person \($0)"))
    }
    let work = Task {
      try await withThrowingTaskGroup(of: Int.self) { group in
        for (number, person) in people.enumerated() {
          group.addTask {
            var somebody = SimulatedParticipant(StudyClient(address: address), person)
            try await somebody.consent(digest)
            if number == 0 {
              try await somebody.answer(upTo: 5)
              try await somebody.reopen()
            }
            try await somebody.answer(upTo: number == 1 ? 8 : .max)
            if number != 1 { try await somebody.finish() }
            return somebody.stored.count
          }
        }
        return try await group.reduce(0, +)
      }
    }
    try await Task.sleep(for: .milliseconds(300))
    server.kill()
    server = try ServedProcess(folder, port: server.port)
    let stored = try await work.value
    server.kill()

    #expect(
      try StudyServer.export(folder)
        == StudyExport(participants: 12, finished: 11, withdrawn: 0, answers: stored))
    let results = try StudyScore(folder, draws: 500).results()
    // Beside the two models there are the controls, with unchanged images and with noise.
    #expect(results.conditions.count == 4)
    let attacked = results.conditions.filter { fooled[$0.condition.source] != nil }
    #expect(attacked.count == 2)
    for result in attacked {
      let truth = try #require(fooled[result.condition.source])
      // Who sees which pictures depends on who arrives first, so the answers differ from run to run.
      // An interval of four standard errors leaves out the truth in one of 15,000 runs.
      func interval(_ share: StudyResults.Share) -> ClosedRange<Double> {
        wilsonInterval(successes: share.count, of: share.of, quantile: 4)
      }
      #expect(interval(result.fooled).contains(truth), "\(result.condition): \(result.fooled)")
      // A mistake is reasonable if the target is named first, for "none of them", and if the target
      // is named second after the image's label.
      let reasonable = truth + 0.1 + (1 - truth - 0.1) * 0.3
      #expect(
        interval(result.reasonable).contains(reasonable),
        "\(result.condition): \(result.reasonable)")
    }
  }
}
