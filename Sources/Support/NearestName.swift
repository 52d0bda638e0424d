/// The name among `candidates` that a mistyped `word` most likely meant, or nil if none is close.
///
/// A candidate is close if few letters have to be inserted, deleted or replaced: at most a third of
/// the word's letters, or two if that is more.
public func nearestName(to word: String, among candidates: [String]) -> String? {
  let limit = max(2, word.count / 3)
  let ranked = candidates.map { ($0, editDistance(word.lowercased(), $0.lowercased())) }
  guard let best = ranked.min(by: { $0.1 < $1.1 }), best.1 <= limit else { return nil }
  return best.0
}

/// A hint for an unknown name: the nearest candidate if one is close, and the list of all
/// candidates.
public func hint(for word: String, among candidates: [String]) -> String {
  let list = "known: " + candidates.joined(separator: ", ")
  guard let near = nearestName(to: word, among: candidates) else { return list }
  return "did you mean '\(near)'? (\(list))"
}

/// Levenshtein distance, one row at a time.
private func editDistance(_ a: String, _ b: String) -> Int {
  let b = Array(b)
  var row = Array(0...b.count)
  for (i, letter) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for j in b.indices {
      let replaced = diagonal + (letter == b[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
    }
  }
  return row[b.count]
}
