import Foundation
import ModelCore
import Support

/// Texts as rows of numbers: the weights tf-idf of the most frequent words.
///
/// The weight of the word w in a text is the number of its occurrences there times
/// idf(w) = ln((1 + N) / (1 + df(w))) + 1, where df(w) of the N training texts contain w. Each row is
/// then divided by its Euclidean norm. A text without any of the words is a row of zeros.
///
/// These are the numbers of scikit-learn's `TfidfVectorizer(lowercase=False, max_features=…)`, which
/// also chooses among words that are equally frequent as `NumPyOrder` says.
struct TermWeights: Sendable {
  /// The words, sorted by code points: the columns.
  let words: [Term]
  private let columns: [Term: Int]
  private let idf: [Double]

  /// Finds the most frequent words of the training texts and their idf.
  /// - Parameters:
  ///   - texts: the words of each training text.
  ///   - most: the largest number of words that are used: those that occur most often in all texts
  ///     together.
  init(trainedOn texts: [[Term]], most: Int) {
    var frequency: [Term: (total: Int, texts: Int)] = [:]
    for text in texts {
      for (word, count) in Self.counts(text) {
        let known = frequency[word] ?? (0, 0)
        frequency[word] = (known.total + count, known.texts + 1)
      }
    }
    let all = frequency.keys.sorted()
    let places =
      all.count > most
      ? NumPyOrder.ascending(all.map { -frequency[$0]!.total }).prefix(most).sorted()
      : Array(all.indices)
    words = places.map { all[$0] }
    columns = Dictionary(uniqueKeysWithValues: words.enumerated().map { ($1, $0) })
    idf = words.map { log(Double(1 + texts.count) / Double(1 + frequency[$0]!.texts)) + 1 }
  }

  private static func counts(_ text: [Term]) -> [Term: Int] {
    text.reduce(into: [:]) { $0[$1, default: 0] += 1 }
  }

  /// The rows of some texts, float32 `[N, D]` from 0 to 1.
  func rows(_ texts: [[Term]]) -> Tensor {
    var values = [Float](repeating: 0, count: texts.count * words.count)
    for (row, text) in texts.enumerated() {
      // weights: column and number of occurrences times idf, for the words of the text
      let weights = Self.counts(text).compactMap { word, count in
        columns[word].map { (column: $0, weight: Double(count) * idf[$0]) }
      }
      // Words are added in one order, so that the norm does not depend on that of a dictionary.
      let sorted = weights.sorted { $0.column < $1.column }
      let norm = sorted.reduce(0) { $0 + $1.weight * $1.weight }.squareRoot()
      for (column, weight) in sorted { values[row * words.count + column] = Float(weight / norm) }
    }
    return Tensor(values, shape: [texts.count, words.count])
  }
}
