import Support

extension OnnxFile {
  /// The name of the output that gives the logits.
  /// - Parameter wanted: its name, or its place from 0 on; nil for the only output.
  /// - Throws: `Failure.badData` with the names and the shapes of all outputs.
  func output(_ wanted: String?) throws -> String {
    if wanted == nil, outputs.count == 1 { return outputs[0] }
    if let wanted {
      if outputs.contains(wanted) { return wanted }
      if let place = Int(wanted), outputs.indices.contains(place) { return outputs[place] }
    }
    let list = outputs.indices.prefix(12).map { place in
      "'\(outputs[place].prefix(80))' (\(place))" + Self.text(outputShapes[place])
    }
    let all = list.joined(separator: ", ") + (outputs.count > 12 ? ", and others" : "")
    guard let wanted else {
      throw Failure.badData(
        "its graph has \(outputs.count) outputs, expected one for the logits; there are \(all)",
        hint: outputs.first.map {
          "choose the logits after the file, like :output=\($0.prefix(80))"
        })
    }
    throw Failure.badData("its graph has no output '\(wanted)'; there are \(all)")
  }

  private static func text(_ shape: [Int?]?) -> String {
    guard let shape else { return "" }
    return " of shape [\(shape.map { $0.map(String.init) ?? "?" }.joined(separator: ", "))]"
  }
}
