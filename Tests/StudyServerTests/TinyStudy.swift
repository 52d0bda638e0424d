import Datasets
import Foundation
import HumanStudy
import ModelCore
import Support
import TestSupport

@testable import StudyServer

/// A study of 8x8 pictures in three classes, in a temporary folder. Each list has two practice
/// trials and then pictures of two models.
struct TinyStudy {
  let temporary = TemporaryFolder()
  let folder: StudyFolder
  private(set) var study: Study
  private(set) var key: [Stimulus] = []

  static let models = ["plain", "defended"]

  /// - Parameters:
  ///   - each: the number of pictures of each model in a list.
  ///   - change: changes the description of the study before it is written.
  init(
    slots: Int = 4, each: Int = 3, questions: Int = 2, secondsPerAnswer: Double? = nil,
    sheets: Int = 0, _ change: (inout Study) -> Void = { _ in }
  ) throws {
    folder = StudyFolder(temporary.url)
    let practice = ["s9001", "s9002"]
    let pictures = (1...(slots * each * 2)).map { String(format: "s%04d", $0) }
    study = Study(
      title: "Tiny <study>", classNames: ["0", "1", "2"],
      consent: "You look at pictures.\n\nYou may stop at any time.",
      instructions: "Say what you see.",
      questions: Array(
        ["Which label is the most plausible?", "Which is the second?"].prefix(questions)),
      noneText: "None of them", secondsPerAnswer: secondsPerAnswer, participants: max(1, slots - 1),
      slots: slots, width: 8, height: 8, stimuli: pictures + practice,
      practiceLabels: ["s9001": 1, "s9002": 2],
      sheets: (0..<sheets).map {
        Study.Sheet(name: "sheet-\($0)", caption: "Rows and columns", width: 8, height: 8)
      })
    change(&study)
    try folder.write(study)
    var trials: [Trial] = []
    for slot in 1...slots {
      let own = pictures[((slot - 1) * each * 2)..<(slot * each * 2)]
      let list = practice.map { (Phase.practice, $0) } + own.map { (Phase.main, $0) }
      trials += list.enumerated().map {
        Trial(slot: slot, position: $0.offset + 1, phase: $0.element.0, stimulus: $0.element.1)
      }
    }
    try folder.write(trials)
    for (number, name) in (pictures + practice).enumerated() {
      let shade = [UInt8](repeating: UInt8(number % 251), count: 64)
      let picture = Picture(shape: InputShape(channels: 1, height: 8, width: 8), pixels: shade)
      try PNG.write(picture, to: folder.image(name))
      let isPractice = number >= pictures.count
      key.append(
        Stimulus(
          name: name, sha256: try Digest.hex(ofFile: folder.image(name)),
          kind: isPractice ? .practice : .adversarial, data: "tiny", index: number,
          label: isPractice ? number - pictures.count + 1 : number % 3,
          target: isPractice ? nil : (number + 1) % 3,
          source: isPractice ? nil : Self.models[number % 2],
          attack: isPractice ? nil : "fgsm", epsilon: isPractice ? nil : 0.3,
          predicted: isPractice ? nil : (number + 1) % 3, confidence: isPractice ? nil : 0.9))
    }
    try folder.write(key)
    for sheet in study.sheets {
      let picture = Picture(
        shape: InputShape(channels: 1, height: 8, width: 8),
        pixels: [UInt8](repeating: 7, count: 64))
      try PNG.write(picture, to: folder.sheet(sheet.name))
    }
  }

  func loaded() throws -> LoadedStudy { try LoadedStudy(folder) }

  func database(patience: Double = 60) throws -> StudyDatabase {
    try StudyDatabase(folder.database, loaded(), patience: patience)
  }

  /// A simulated person.
  /// - Parameter fooled: for each of `models`, the probability of naming the target.
  func person(_ number: Int, fooled: [Double] = [0.1, 0.6]) throws -> SimulatedPerson {
    let behaviours = try zip(Self.models, fooled).map { ($0, try SimulatedBehaviour(fooled: $1)) }
    return SimulatedPerson(
      key: Dictionary(uniqueKeysWithValues: key.map { ($0.name, $0) }),
      behaviours: Dictionary(uniqueKeysWithValues: behaviours), classes: 3,
      seed: Seed(7).derive("person \(number)"))
  }
}
