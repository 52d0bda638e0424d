import Foundation
import HumanStudy
import Support
import Testing

@testable import StudyServer

@Suite("The page without a server")
struct AnswerFileTests {
  private let tiny: TinyStudy

  init() throws {
    tiny = try TinyStudy(sheets: 1)
  }

  /// Writes an answer file as the page saves it, after a change of its content.
  private func file(
    slot: Int = 2, of other: LoadedStudy? = nil, _ change: (inout [String: Any]) -> Void = { _ in }
  ) throws -> URL {
    let loaded = try other ?? tiny.loaded()
    let time = "2026-01-31T12:00:00.000Z"
    let answers = loaded.lists[slot - 1].map { trial -> [String: Any] in
      [
        "session": 1, "position": trial.position, "question": 1, "choice": "na",
        "endedOn": "response", "milliseconds": 5.5, "time": time,
      ]
    }
    var content: [String: Any] = [
      "format": 1, "fingerprint": loaded.fingerprint, "secret": Secret().text, "slot": slot,
      "consent": ["digest": loaded.consentDigest, "time": time],
      "external": ["PROLIFIC_PID": "p\(slot)"],
      "sessions": [["time": time, "screen": "390x844 touch"]], "answers": answers,
      "events": [["session": 1, "kind": "blur", "position": 2, "milliseconds": 100]],
      "comments": [["sheet": "", "text": "nice, \"really\""]], "finished": time, "withdrawn": false,
      "code": "ABCD-1234",
    ]
    change(&content)
    let place = tiny.temporary.appending("\(UUID().uuidString).json")
    try JSONSerialization.data(withJSONObject: content).write(to: place)
    return place
  }

  @Test("An answer file is added once, with its list, its times and its code")
  func once() async throws {
    let place = try file()
    let collector = try AnswerCollector(tiny.folder)
    #expect(try await collector.add([place, place]) == AnswerCollector.Outcome(added: 1, known: 1))
    #expect(
      try StudyServer.export(tiny.folder)
        == StudyExport(participants: 1, finished: 1, withdrawn: 0, answers: 8))
    let record = try #require(try tiny.folder.readParticipants().first)
    #expect(
      record
        == ParticipantRecord(
          participant: "p1", slot: 2, status: .finished, consented: "2026-01-31T12:00:00.000Z",
          consentDigest: try tiny.loaded().consentDigest, finished: "2026-01-31T12:00:00.000Z",
          identifiers: [.prolific: "p2"]))
    let completion = try String(
      contentsOf: tiny.temporary.appending("completion.csv"), encoding: .utf8)
    #expect(completion.split(separator: "\n").last == "p1,ABCD-1234,p2,,,,,")
  }

  @Test("An answer that was taken back, a pilot and answers about the person are added")
  func options() async throws {
    let tiny = try TinyStudy {
      $0.pause = 1
      $0.demographics = [.init(name: "age", question: "Age?", choices: ["young", "old"])]
    }
    let loaded = try tiny.loaded()
    let time = "2026-01-31T12:00:00.000Z"
    let place = try file(slot: 1, of: loaded) {
      var answers = $0["answers"] as! [[String: Any]]
      var again = answers[4]
      answers[4]["undone"] = time
      again["choice"] = "1"
      answers.insert(again, at: 5)
      again["question"] = 2
      again["choice"] = "na"
      answers.insert(again, at: 6)
      $0["answers"] = answers
      $0["isPilot"] = true
      $0["demographics"] = ["age": 1]
      $0["calibration"] = ["pixelsPerMillimetre": 3.5, "distanceMillimetres": 520]
    }
    _ = try await AnswerCollector(tiny.folder).add([place])
    let export = try StudyServer.export(tiny.folder)
    #expect(export.answers == 9 && export.pilots == 1)
    let answers = try tiny.folder.readAnswers().filter { $0.position == 5 }
    #expect(answers.map(\.choice) == [.label(1), Choice.none])
    func table(_ name: String) throws -> [Substring] {
      try String(contentsOf: tiny.temporary.appending(name), encoding: .utf8)
        .split(separator: "\n").dropFirst().map { $0 }
    }
    #expect(try table("undone.csv").count == 1)
    #expect(try table("demographics.csv") == ["p1,age,old"])
    #expect(try table("sessions.csv") == ["p1,1,\(time),390,844,true,3.5,520"])
  }

  @Test("An answer file with a wrong value is refused, and nothing of it is added")
  func refusals() async throws {
    let collector = try AnswerCollector(tiny.folder)
    let changes: [(inout [String: Any]) -> Void] = [
      { $0["format"] = 2 }, { $0["fingerprint"] = "other" }, { $0["slot"] = 99 },
      { $0["secret"] = "short" },
      { $0["consent"] = ["digest": "other", "time": "2026-01-31T12:00:00.000Z"] },
      { $0["consent"] = ["digest": Digest.hex(of: "x"), "time": "yesterday"] },
      { $0["answers"] = ($0["answers"] as! [Any]).dropFirst().map { $0 } },
      { $0["answers"] = ($0["answers"] as! [Any]).dropLast().map { $0 } },
      { $0["answers"] = ($0["answers"] as! [Any]) + ($0["answers"] as! [Any]) },
      { $0["code"] = "<script>" },
      { $0["sessions"] = [Any]() }, { $0["comments"] = [["sheet": "../key", "text": "a"]] },
      { $0["external"] = ["PROLIFIC_PID": "a b"] },
    ]
    for change in changes {
      let place = try file(change)
      let failure = await #expect(throws: Failure.self) { try await collector.add([place]) }
      #expect(failure?.kind == .badData && failure?.message.contains(place.path) == true)
    }
    let noise = tiny.temporary.appending("noise.json")
    try Data("[[[[".utf8).write(to: noise)
    await #expect(throws: Failure.self) { try await collector.add([noise]) }
    #expect(try StudyServer.export(tiny.folder).participants == 0)
  }

  @Test("The files of the page contain everything it needs and nothing of the key")
  func page() throws {
    let out = tiny.temporary.appending("page")
    #expect(try StaticPage.write(tiny.folder, to: out) == 27)
    let names = try FileManager.default.contentsOfDirectory(atPath: out.path).sorted()
    #expect(
      names == [
        "calibration.js", "data.js", "ending.js", "file.js", "images", "index.html", "opening.js",
        "page.js", "sheets", "study.css", "tools.js", "trial.js",
      ])
    let data = try String(contentsOf: out.appending(path: "data.js"), encoding: .utf8)
    #expect(data.hasPrefix("window.crossfireStudy = {") && !data.contains("check"))
    for word in ["target", "epsilon", "defended", "fgsm", "sha256"] {
      #expect(!data.contains(word))
    }
    let page = try String(contentsOf: out.appending(path: "index.html"), encoding: .utf8)
    #expect(
      page.contains("default-src 'none'") && page.contains("file.js") && !page.contains("server.js")
    )
  }
}

@Suite("Simulated studies")
struct StudySimulationTests {
  @Test("The same seed gives the same answers, in a folder with the files that scoring needs")
  func reproducible() async throws {
    let tiny = try TinyStudy(slots: 5)
    let simulation = try StudySimulation(tiny.folder)
    #expect(simulation.models == TinyStudy.models.sorted())
    let behaviours = [
      "plain": try SimulatedBehaviour(fooled: 0), "defended": try SimulatedBehaviour(fooled: 0.9),
    ]
    var rows: [[String]] = []
    for name in ["one", "two"] {
      let out = StudyFolder(tiny.temporary.appending(name))
      let export = try await simulation.run(
        participants: 5, behaviours: behaviours, seed: Seed(4), to: out.url)
      #expect(export.finished == 5)
      rows.append(
        try out.readAnswers().map {
          "\($0.participant) \($0.stimulus) \($0.question) \($0.choice?.text ?? "")"
        })
      #expect(try out.readKey() == tiny.key && out.readStudy() == tiny.study)
    }
    #expect(rows[0] == rows[1] && !rows[0].isEmpty)
    await #expect(throws: Failure.self) {
      try await simulation.run(
        participants: 1, behaviours: behaviours, seed: Seed(4), to: tiny.temporary.appending("one"))
    }
  }

  @Test("Values that are not probabilities are refused")
  func probabilities() {
    #expect(throws: Failure.self) { try SimulatedBehaviour(fooled: 1.1) }
    #expect(throws: Failure.self) { try SimulatedBehaviour(fooled: 0.95, none: 0.1) }
  }
}
