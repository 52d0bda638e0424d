import Foundation
import HumanStudy
import Support

/// The page: one document, one style, one script, the same with a server and without.
struct StudyPage: Sendable {
  struct File: Sendable {
    let type: String
    let bytes: [UInt8]
  }

  private let files: [String: File]

  init(_ loaded: LoadedStudy) {
    let document = File(type: "text/html; charset=utf-8", bytes: Array(Self.document(loaded.study).utf8))
    files = [
      "/": document, "/index.html": document,
      "/study.css": File(type: "text/css; charset=utf-8", bytes: PackageResources.study_css),
      "/study.js": File(type: "text/javascript; charset=utf-8", bytes: PackageResources.study_js),
    ]
  }

  /// The file at an address, if there is one.
  func file(_ path: String) -> File? { files[path] }

  /// The document for a study.
  /// - Parameter head: what else belongs in its head.
  static func document(_ study: Study, head: String = "") -> String {
    let title = study.title.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    return String(decoding: PackageResources.study_html, as: UTF8.self)
      .replacing("{{title}}", with: title).replacing("    {{head}}\n", with: head)
  }
}
