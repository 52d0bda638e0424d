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
  static let withServer = ["tools.js", "server.js", "page.js"]
  static let withoutServer = ["tools.js", "data.js", "file.js", "page.js"]

  /// The files by their names, without `data.js`, which `StaticPage` writes.
  let named: [String: File]

  /// - Parameters:
  ///   - head: additional elements of the document's head.
  ///   - scripts: `withServer` or `withoutServer`.
  init(_ loaded: LoadedStudy, head: String = "", scripts: [String] = withServer) {
    let tags = scripts.map { "    <script src=\"\($0)\" defer></script>\n" }.joined()
    let document = String(decoding: PackageResources.index_html, as: UTF8.self)
      .replacing("    {{head}}\n", with: head + tags).replacing(
        "{{title}}", with: Self.escaped(loaded.study.title))
    var named = [
      "index.html": File(type: "text/html; charset=utf-8", bytes: Array(document.utf8)),
      "study.css": File(type: "text/css; charset=utf-8", bytes: PackageResources.study_css),
    ]
    let sources = [
      "tools.js": PackageResources.tools_js, "server.js": PackageResources.server_js,
      "file.js": PackageResources.file_js, "page.js": PackageResources.page_js,
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

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}
