import Foundation
import HumanStudy

/// The page: one document, one style and a few scripts, which are the same with a server and
/// without but for the one that says where the answers go.
struct StudyPage: Sendable {
  struct File: Sendable {
    let type: String
    let bytes: [UInt8]
  }

  /// The scripts in the order in which they run.
  static let withServer = ["tools.js", "server.js", "page.js"]
  static let withoutServer = ["tools.js", "data.js", "file.js", "page.js"]

  /// The files by their names; `data.js` is its writer's.
  let named: [String: File]

  /// - Parameters:
  ///   - head: what else belongs in the document's head.
  ///   - scripts: their names.
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

  /// The file at an address, if there is one.
  func file(_ path: String) -> File? {
    path == "/" ? named["index.html"] : named[String(path.dropFirst())]
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}
