import Foundation
import Support

/// A file of texts by their keys.
///
///     # A line that begins with a number sign is a comment.
///     page.agree: I agree and want to take part
///     consent: A long text continues in lines that are indented,
///       and an empty line begins a new paragraph.
///
///       This is the second paragraph.
enum TextFile {
  /// Reads the texts of a file.
  /// - Throws: `Failure.badData` with the line if it is neither a text nor the rest of one, or if
  ///   a key occurs twice.
  static func read(_ content: String, named file: String) throws -> [String: String] {
    var texts: [String: String] = [:]
    var current: String?
    var isNewParagraph = false
    for (number, whole) in content.replacing("\r\n", with: "\n").split(
      separator: "\n", omittingEmptySubsequences: false
    ).enumerated() {
      if whole.hasPrefix("#") { continue }
      let line = whole.trimmingCharacters(in: .whitespaces)
      if line.isEmpty {
        isNewParagraph = true
      } else if whole.first == " " || whole.first == "\t", let key = current {
        let before = texts[key] ?? ""
        texts[key] = before + (before.isEmpty ? "" : isNewParagraph ? "\n\n" : " ") + line
        isNewParagraph = false
      } else {
        guard let colon = line.firstIndex(of: ":") else {
          throw Failure.badData(
            "\(file):\(number + 1): expected a text, such as 'title: What do you see?'",
            hint: "the lines of a long text are indented")
        }
        let key = String(line[..<colon])
        guard texts[key] == nil else {
          throw Failure.badData("\(file):\(number + 1): the text '\(key)' occurs twice")
        }
        texts[key] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        current = key
        isNewParagraph = false
      }
    }
    return texts
  }
}
