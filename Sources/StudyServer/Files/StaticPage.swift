import Foundation
import HumanStudy
import Support

/// Writes the study's page as files that need no server.
///
/// Answers stay in the participant's browser. The last page saves them as a file, which
/// `AnswerCollector` adds to the study.
public enum StaticPage {
  /// The content of `data.js`. Everybody who has the files can read it: the lists and the labels of
  /// the practice pictures, but not the key.
  private struct Content: Encodable {
    struct Trial: Encodable {
      let stimulus: String
      let phase: String
    }
    let study: PageStudy
    let fingerprint: String
    let lists: [[Trial]]
    let practiceLabels: [String: Int]
    let sheets: [Study.Sheet]
  }

  /// The content security policy as an element of the document, since there is no server that could
  /// send it as a header field.
  private static let policy = """
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
    script-src 'self'; style-src 'self'; img-src 'self' blob:; base-uri 'none'; form-action 'none'">

    """

  /// Writes the page, its pictures and its data.
  /// - Parameters:
  ///   - isPilot: whether participants try the study out.
  ///   - progress: told how many pictures are written.
  /// - Returns: the number of pictures.
  /// - Throws: `Failure` if the study is not complete or the folder cannot be written.
  public static func write(
    _ folder: StudyFolder, to out: URL, isPilot: Bool = false,
    progress: (Int) -> Void = { _ in }
  ) throws -> Int {
    let loaded = try LoadedStudy(folder)
    let study = loaded.study
    let lists = loaded.lists.map { list in
      // Checks are written as main trials, so that nobody can find them in the file.
      list.map {
        Content.Trial(
          stimulus: $0.stimulus, phase: ($0.phase == .practice ? Phase.practice : .main).rawValue)
      }
    }
    let content = Content(
      study: PageStudy(loaded, isOpen: true, isPilot: isPilot), fingerprint: loaded.fingerprint,
      lists: lists, practiceLabels: study.practiceLabels, sheets: study.sheets)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let data = String(decoding: try encoder.encode(content), as: UTF8.self)
    var written = 0
    let pictures =
      study.stimuli.map { (folder.image($0), "images/\($0).png") }
      + study.sheets.map { (folder.sheet($0.name), "sheets/\($0.name).png") }
    for (picture, place) in pictures {
      try AtomicFile.write(
        try Data(contentsOf: picture), to: out.appending(path: place), synced: false)
      written += 1
      progress(written)
    }
    try AtomicFile.write("window.crossfireStudy = \(data);\n", to: out.appending(path: "data.js"))
    for (path, file) in StudyPage(loaded, head: policy, scripts: StudyPage.withoutServer).named {
      try AtomicFile.write(file.bytes, to: out.appending(path: path))
    }
    return written
  }
}
