import Datasets
import Support

extension ExperimentRun {
  /// What the search for other explanations found. Says how it ended, and writes the test examples
  /// on which the models disagree if the report is wanted.
  /// - Returns: nil without a search.
  func explain(
    _ search: ExplanationSearch?, _ test: LabelledImages, isReported: Bool
  ) throws -> OtherExplanations? {
    guard let search else { return nil }
    let files = search.files.filter { $0.model.map { $0.stop == nil } ?? false }
    let found = Disagreements(
      files.compactMap { file in file.model.map { ($0.model, file.predictions) } },
      labels: test.labels.int64s().map(Int.init))
    guard let summary = search.summary(found) else { return nil }
    progress.note("other explanations of \(search.plan.of): \(summary.ending)")
    guard isReported else { return summary }
    try AtomicFile.write(found.csv(), to: folder.url.appending(path: "disagreements.csv"))
    let pictures = DisagreementPictures(
      summary.shown, of: search.members, on: test)
    try pictures?.write(to: RunFolder.disagreements(in: folder.url))
    try search.codePictures()?.write(to: RunFolder.codes(in: folder.url))
    return summary
  }
}
