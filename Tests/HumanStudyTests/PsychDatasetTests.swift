import Evaluation
import Foundation
import Support
import Testing

@testable import HumanStudy

@Suite("The dataset of Psych-DS")
struct PsychDatasetTests {
  @Test("every column of every table is described, files are named by keywords, and IDs are absent")
  func dataset() throws {
    let study = SampleStudy()
    study.say("p1", "a", image: 0, .target)
    study.answer("p1", study.picture(nil, image: 1, kind: .noiseControl), .label(3))
    study.say("p2", "a", image: 2, .nothing)
    study.status("p1", .finished)
    study.status("p2", .started)
    try study.write("{ attack: jsma, participants: 12 }")
    try study.folder.write([
      SessionRecord(
        participant: "p1", session: 1, opened: "t", width: 390, height: 844, isTouch: true)
    ])
    try study.folder.write([
      ParticipantRecord(
        participant: "p1", slot: 1, status: .finished, consentDigest: "0a0b",
        identifiers: [.prolific: "secret-person"]),
      ParticipantRecord(participant: "p2", slot: 2, status: .started),
    ])
    try PsychDataset(study.folder).write()
    let place = study.folder.dataset
    let description = try #require(
      try JSONSerialization.jsonObject(
        with: Data(contentsOf: place.appending(path: "dataset_description.json")))
        as? [String: Any])
    #expect(
      description["@type"] as? String == "Dataset" && description["name"] as? String == "Digits")
    let variables = try #require(description["variableMeasured"] as? [[String: Any]])
    let described = Set(variables.compactMap { $0["name"] as? String })
    let files = try FileManager.default.contentsOfDirectory(
      atPath: place.appending(path: "data").path)
    #expect(files.count == 2)
    for file in files {
      #expect(file.wholeMatch(of: /([a-z]+-[a-zA-Z0-9]+)(_[a-z]+-[a-zA-Z0-9]+)*_data\.csv/) != nil)
      let url = place.appending(path: "data/\(file)")
      #expect(described.isSuperset(of: try CSVReader.header(of: url)))
      #expect(try !String(contentsOf: url, encoding: .utf8).contains("secret-person"))
    }
    let rows = try CSVReader.read(
      place.appending(path: "data/\(PsychDataset.answersFile)"), columns: ["participant"]
    ) { row in
      ["left_out", "condition", "named_target", "named_label", "window_width", "touch"]
        .map(row.text)
    }
    #expect(
      rows == [
        ["", "a jsma 0.25", "true", "false", "390", "true"],
        ["", "a jsma 0.25", "false", "true", "390", "true"],
        ["", "noise control", "false", "true", "390", "true"],
        ["unfinished", "a jsma 0.25", "false", "false", "", ""],
      ])
    let codebook = try CSVReader.read(
      place.appending(path: "codebook.csv"), columns: PsychDataset.codebookColumns
    ) { $0.text("column") }
    #expect(Set(codebook) == described)
  }
}
