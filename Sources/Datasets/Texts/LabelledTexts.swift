import Foundation
import ModelCore
import Support

/// The texts of a split, beside those of the training split that say which words are counted.
struct LabelledTexts {
  /// The largest text in bytes.
  static let largestText = 1 << 24

  /// A text that has not been decoded yet.
  struct Text {
    /// The path of its file, by which the texts of a class are sorted.
    let file: String
    let label: Int
    var bytes: Data
  }

  /// The folder or archive that the texts are in, for messages.
  let place: String
  let classNames: [String]
  let training: [Text]
  /// The texts of the split; nil for the training texts.
  let texts: [Text]?
  let encoding: TextEncoding

  /// The texts of the split as rows of `words` weights or less; see `TermWeights`.
  ///
  /// The classes alternate among the rows, and within a class the texts are sorted by the paths of
  /// their files.
  /// - Throws: `Failure.badData` if a text is not in the stated encoding, if the training texts hold
  ///   no word, or if the rows take more memory than an array may.
  func rows(words: Int, name: String, progress: DataReference.Progress) throws -> LabelledImages {
    let total = training.count + (texts?.count ?? 0)
    var done = 0
    func read(_ texts: [Text]) throws -> [[Term]] {
      try texts.map { text in
        let scalars = try encoding.scalars(text.bytes, named: text.file)
        done += 1
        progress(done, total)
        return Term.words(scalars)
      }
    }
    let (training, texts) = (inTurn(training), self.texts.map(inTurn))
    let trainingWords = try read(training)
    let weights = TermWeights(trainedOn: trainingWords, most: words)
    guard !weights.words.isEmpty else {
      throw Failure.badData(
        "\(place): expected words of at least two letters or digits in the training texts, "
          + "found none")
    }
    let chosen = texts ?? training
    _ = try checkedProduct(
      [chosen.count, weights.words.count, 4], limit: SizeLimits.array, named: place)
    let rows = weights.rows(try texts.map(read) ?? trainingWords)
    return try LabelledImages(
      name: name, classNames: classNames, pixels: rows, labels: chosen.map { Int64($0.label) }
    ).naming(features: weights.words.map(\.text)).noting(notes(rows))
  }

  /// The texts sorted by their paths, one of each class in turn.
  private func inTurn(_ texts: [Text]) -> [Text] {
    var own = [[Text]](repeating: [], count: classNames.count)
    for text in texts { own[text.label].append(text) }
    return alternating(
      own.map { $0.sorted { $0.file.utf8.lexicographicallyPrecedes($1.file.utf8) } })
  }

  /// A line about texts without any of the words.
  private func notes(_ rows: Tensor) -> [String] {
    let empty = rows.max([1]).floats().count { $0 == 0 }
    guard empty > 0 else { return [] }
    return ["\(place): texts without any of the counted words: \(empty); their rows are zeros"]
  }
}

/// The elements of several lists, one of each list in turn, as long as it has any.
func alternating<Element>(_ lists: [[Element]]) -> [Element] {
  (0..<(lists.map(\.count).max() ?? 0)).flatMap { turn in
    lists.filter { turn < $0.count }.map { $0[turn] }
  }
}
