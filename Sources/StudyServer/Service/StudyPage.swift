import Foundation
import HumanStudy

/// The files of the page: one document, one style sheet and a few scripts.
///
/// They are the same with and without a server, except for one script that says where answers are
/// stored.
struct StudyPage: Sendable {
  struct File: Sendable {
    let type: String
    let bytes: [UInt8]
  }

  /// The scripts of each kind of page, in the order in which they run.
  static let withServer = ["tools.js", "server.js"] + pages
  static let withoutServer = ["tools.js", "data.js", "file.js"] + pages
  private static let pages = ["opening.js", "calibration.js", "trial.js", "ending.js", "page.js"]

  /// The files by their names, without `data.js`, which `StaticPage` writes.
  let named: [String: File]

  /// - Parameters:
  ///   - head: additional elements of the document's head.
  ///   - scripts: `withServer` or `withoutServer`.
  init(_ loaded: LoadedStudy, head: String = "", scripts: [String] = withServer) {
    let tags = scripts.map { "    <script src=\"\($0)\" defer></script>\n" }.joined()
    let title = loaded.study.title
    // One pass, so that nothing in a text is taken for a place of the document.
    let document = String(decoding: PackageResources.index_html, as: UTF8.self)
      .replacing("    {{head}}\n", with: head + tags)
      .replacing(/\{\{([a-z.]+)\}\}/) { match -> String in
        switch match.1 {
        case "title": Self.escaped(title)
        case "language": Self.escaped(loaded.study.language ?? "en")
        case "texts": Self.data(loaded.texts)
        default: Self.escaped(loaded.texts[String(match.1)])
        }
      }
    var named = [
      "index.html": File(type: "text/html; charset=utf-8", bytes: Array(document.utf8)),
      "study.css": File(type: "text/css; charset=utf-8", bytes: PackageResources.study_css),
    ]
    let sources = [
      "tools.js": PackageResources.tools_js, "server.js": PackageResources.server_js,
      "file.js": PackageResources.file_js, "opening.js": PackageResources.opening_js,
      "calibration.js": PackageResources.calibration_js, "trial.js": PackageResources.trial_js,
      "ending.js": PackageResources.ending_js, "page.js": PackageResources.page_js,
    ]
    for (name, bytes) in sources where scripts.contains(name) {
      named[name] = File(type: "text/javascript; charset=utf-8", bytes: bytes)
    }
    self.named = named
  }

  /// The file at an address; nil if there is none.
  func file(_ path: String) -> File? {
    path == "/" ? named["index.html"] : named[String(path.dropFirst())]
  }

  /// The texts of the page as JSON that can stand in a document.
  private static func data(_ texts: StudyTexts) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let json = (try? encoder.encode(texts.page)) ?? Data("{}".utf8)
    return String(decoding: json, as: UTF8.self).replacing("<", with: "\\u003c")
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }
}
