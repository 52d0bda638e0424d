import Evaluation
import Foundation
import Support

extension StudyScore {
  static let modelVersusHumanColumns = [
    "subj", "Session", "trial", "rt", "object_response", "category", "condition", "imagename",
  ]

  /// Writes `results.json`, `results.csv`, `comparisons.csv` and `results.md`, and the answers in
  /// the format of the toolbox model-vs-human.
  public func write(_ results: StudyResults, to folder: StudyFolder) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try AtomicFile.write(results.csv, to: folder.resultsTable)
    try AtomicFile.write(results.comparisonCSV, to: folder.comparisonTable)
    try AtomicFile.write(results.markdown, to: folder.resultsText)
    try writeModelVersusHuman(to: folder.url.appending(path: "model-vs-human"))
    try AtomicFile.write(try encoder.encode(results), to: folder.results)
  }

  /// Writes one file for each participant and session, with the columns that the toolbox
  /// model-vs-human reads. Practice is left out, times are in seconds (`NaN` if missing), and the
  /// answer that no label is plausible is `na`.
  private func writeModelVersusHuman(to folder: URL) throws {
    try? FileManager.default.removeItem(at: folder)
    let classes = data.study.classNames
    for (number, participant) in data.participants.enumerated() {
      let own = data.showings.filter { $0.participant == participant }
      for (session, rows) in Dictionary(grouping: own, by: \.session).sorted(by: { $0.key < $1.key }
      ) {
        var table = CSV(header: Self.modelVersusHumanColumns.joined(separator: ","))
        for showing in rows {
          let answer = if case .label(let label) = showing.first { classes[label] } else { "na" }
          table.append([
            participant, "\(session)", "\(showing.position)",
            showing.milliseconds.map { String(format: "%.3f", $0 / 1000) } ?? "NaN", answer,
            classes[showing.stimulus.label], showing.stimulus.condition?.name ?? "clean",
            "\(showing.stimulus.name).png",
          ])
        }
        let subject = number + 1 < 10 ? "0\(number + 1)" : "\(number + 1)"
        try AtomicFile.write(
          table.text, to: folder.appending(path: "study_subject-\(subject)_session_\(session).csv"))
      }
    }
  }
}
