import Foundation
import HumanStudy
import Support

/// A study as the server knows it: the description for the page and the lists of trials, but not
/// the key.
struct LoadedStudy: Sendable {
  let folder: StudyFolder
  let study: Study
  /// The list of slot `s` is `lists[s - 1]`.
  let lists: [[Trial]]
  /// A SHA-256 of study.json and trials.csv, by which answers are matched to the study.
  let fingerprint: String
  /// The SHA-256 of the consent text in UTF-8.
  let consentDigest: String
  let texts: StudyTexts

  /// - Throws: `Failure` if a file of the study is missing, or files do not fit together.
  init(_ folder: StudyFolder) throws {
    self.folder = folder
    study = try folder.readStudy()
    let trials = try folder.readTrials()
    let bySlot = Dictionary(grouping: trials, by: \.slot)
    let study = study
    lists = try (1...study.slots).map { slot in
      guard let list = bySlot[slot] else {
        throw Failure.badData(
          "trials.csv has no list \(slot), but study.json has \(study.slots) lists",
          hint: "sample the study again")
      }
      return list
    }
    let known = Set(study.stimuli)
    if let stray = trials.first(where: { !known.contains($0.stimulus) }) {
      throw Failure.badData(
        "trials.csv: the picture '\(stray.stimulus)' of list \(stray.slot) is not in study.json",
        hint: "sample the study again")
    }
    let pictures = study.stimuli.map(folder.image) + study.sheets.map { folder.sheet($0.name) }
    if let missing = pictures.first(where: { !FileManager.default.isReadableFile(atPath: $0.path) })
    {
      throw Failure.missing("cannot read \(missing.path)", hint: "sample the study again")
    }
    let files = try Digest.hex(ofFile: folder.study) + Digest.hex(ofFile: folder.trials)
    fingerprint = Digest.hex(of: files)
    consentDigest = Digest.hex(of: study.consent)
    texts = StudyTexts(study)
  }

  func course(slot: Int) -> Course {
    Course(
      trials: lists[slot - 1], questions: study.questions.count, classes: study.classNames.count)
  }
}

extension LoadedStudy {
  /// The names of the pictures that a participant may see: the earlier ones, the current one, and
  /// the next one, which the page loads in advance.
  func pictures(for participant: Participant) -> [String] {
    guard let slot = participant.slot, participant.session > 0, !participant.isWithdrawn else {
      return []
    }
    let course = course(slot: slot)
    let position = course.next(after: participant.last)?.position ?? course.trials.count
    return course.trials.prefix(position + 1).map(\.stimulus)
  }

  /// The names of the sheets that a participant may see: all, once every question is answered.
  func sheets(for participant: Participant) -> [String] {
    guard let slot = participant.slot, !participant.isWithdrawn,
      course(slot: slot).next(after: participant.last) == nil
    else { return [] }
    return study.sheets.map(\.name)
  }
}
