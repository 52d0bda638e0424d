/// The candidate that a mistyped word most likely means, the first one among equals; nil if none is
/// close.
///
/// A candidate that begins with the word comes first: `resnet` means `resnet18` and not `lenet`.
/// A candidate is close if at most two letters, or a third of the word's letters if that is more,
/// must be inserted, deleted or replaced. Upper and lower case are equal.
public func nearestName(to word: String, among candidates: [String]) -> String? {
  let start = word.lowercased()
  let longer = candidates.first { $0.lowercased().hasPrefix(start) }
  if let longer, word.count > 2 { return longer }
  let limit = max(2, word.count / 3)
  let ranked = candidates.map { ($0, editDistance(word.lowercased(), $0.lowercased())) }
  guard let best = ranked.min(by: { $0.1 < $1.1 }), best.1 <= limit else { return nil }
  return best.0
}

/// A hint for an unknown word: the nearest candidate, if there is one, and the list of all.
public func hint(for word: String, among candidates: [String]) -> String {
  let list = "known: " + candidates.joined(separator: ", ")
  guard let near = nearestName(to: word, among: candidates) else { return list }
  return "did you mean '\(near)'? (\(list))"
}

/// The Levenshtein distance: the smallest number of letters to insert, delete or replace that makes
/// a into b.
///
/// Before the i-th pass, `row[j]` is the distance of the first i letters of a and the first j
/// letters of b. The next row follows from this one: the last letter of a is replaced (from
/// `diagonal`, at no cost if both letters are equal), deleted (from `row[j + 1]`), or a letter is
/// inserted (from `row[j]`).
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
