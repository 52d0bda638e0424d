/// Breaks a text into lines of at most 80 characters that are indented by `indent` spaces; the
/// first line begins with `first` instead of spaces.
func wrapped(_ text: String, indent: Int, first: String? = nil) -> [String] {
  let margin = String(repeating: " ", count: indent)
  var lines: [String] = []
  var line = first ?? margin
  for word in text.split(separator: " ") {
    let isEmpty = line.count <= indent
    if !isEmpty && line.count + 1 + word.count > 80 {
      lines.append(line)
      line = margin + word
    } else {
      line += (isEmpty ? "" : " ") + word
    }
  }
  return lines + [line]
}
