import Foundation

/// The candidate that a mistyped word most likely means; nil if none is close.
///
/// A candidate is close if at most two letters, or a third of the word's letters if that is more,
/// must be inserted, deleted or replaced. It is also close if it begins with a word of at least
/// three letters. Such candidates come first, as `resnet18` before `lenet` for `resnet`. Then the
/// candidate with the fewest changes is taken, among equals the one that shares the most letters at
/// its beginning, and then the first one. Upper and lower case are equal.
public func nearestName(to word: String, among candidates: [String]) -> String? {
  let word = word.lowercased()
  let limit = max(2, word.count / 3)
  let ranked = candidates.map { candidate in
    let beginsWithWord = word.count >= 3 && candidate.lowercased().hasPrefix(word)
    let distance = editDistance(word, candidate.lowercased())
    let alike = word.commonPrefix(with: candidate.lowercased()).count
    return (
      name: candidate, isClose: beginsWithWord || distance <= limit,
      rank: (beginsWithWord ? 0 : 1, distance, -alike)
    )
  }
  return ranked.filter(\.isClose).min { $0.rank < $1.rank }?.name
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
