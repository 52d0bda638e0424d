/// An element of HTML or SVG. Every text that a page shows goes through this type, which escapes
/// it, so names from files cannot inject markup.
struct Markup: MarkupContent {
  private let name: String
  private let attributes: [(name: String, value: String)]
  private let children: [any MarkupContent]

  /// - Parameter attributes: those whose value is nil are omitted.
  init(
    _ name: String, _ attributes: KeyValuePairs<String, (any AttributeValue)?> = [:],
    _ children: any MarkupContent...
  ) {
    self.init(name, attributes, children: children)
  }

  init(
    _ name: String, _ attributes: KeyValuePairs<String, (any AttributeValue)?> = [:],
    children: [any MarkupContent]
  ) {
    self.name = name
    self.attributes = attributes.compactMap { name, value in value.map { (name, $0.attributeText) }
    }
    self.children = children
  }

  var rendered: String {
    var text = ""
    write(to: &text)
    return text
  }

  func write(to text: inout String) {
    if Self.startsLine.contains(name) && !text.isEmpty && text.last != "\n" { text += "\n" }
    text += "<" + name
    for attribute in attributes { text += " \(attribute.name)=\"\(escaped(attribute.value))\"" }
    if children.isEmpty && Self.hasNoContent.contains(name) {
      text += "/>"
      return
    }
    text += ">"
    for child in children { child.write(to: &text) }
    text += "</\(name)>"
  }

  /// The elements that are written as `<name/>` if they have no children.
  private static let hasNoContent: Set = [
    "meta", "img", "br", "rect", "line", "path", "circle", "polyline", "polygon",
  ]

  /// The elements that start a new line, so that a page's source is readable.
  private static let startsLine: Set = [
    "html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "nav",
    "div", "aside",
    "figure",
    "figcaption", "h1", "h2", "h3", "h4", "p", "ol", "ul", "li", "dl", "dt", "dd", "table",
    "caption", "thead", "tbody",
    "tr",
    "details", "svg", "g", "text", "rect", "line", "path", "polyline",
  ]
}

/// What an element can contain: elements and text.
protocol MarkupContent {
  func write(to text: inout String)
}

extension String: MarkupContent {
  func write(to text: inout String) { text += escaped(self) }
}

/// Text that is written without escaping: the style sheet. Never use it for text from a file.
struct VerbatimText: MarkupContent {
  let content: String

  func write(to text: inout String) { text += content }
}

/// What can be the value of an attribute.
protocol AttributeValue {
  var attributeText: String { get }
}

extension String: AttributeValue {
  var attributeText: String { self }
}

extension Int: AttributeValue {
  var attributeText: String { String(self) }
}

/// Escapes text for HTML and XML, between tags and inside quotes. Control characters, which XML
/// forbids even when escaped, become U+FFFD.
func escaped(_ text: String) -> String {
  var result = ""
  result.reserveCapacity(text.utf8.count)
  for scalar in text.unicodeScalars {
    switch scalar {
    case "&": result += "&amp;"
    case "<": result += "&lt;"
    case ">": result += "&gt;"
    case "\"": result += "&quot;"
    case "'": result += "&#39;"
    case "\t", "\n": result.unicodeScalars.append(scalar)
    case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}
