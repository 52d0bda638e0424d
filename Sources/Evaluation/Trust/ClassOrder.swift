import Support

/// Another order of the classes, under which a model would classify more images correctly.
///
/// The order is chosen on one half of each class's images, as the assignment of labels to answers
/// that makes most of them right, and judged on the other half. Only classes with at least four
/// images take part.
public struct ClassOrder: Codable, Equatable, Sendable {
  /// The answer that the order takes for the right one for each label that takes part, by names.
  public struct Pair: Codable, Equatable, Sendable {
    public let label: String
    public let answer: String
  }

  /// The labels whose answer is another class.
  public let moved: [Pair]
  /// Whether the order is that of numbers as text, such as 1, 10, 2, against that of the numbers.
  public let sortsNumbersAsText: Bool
  /// How many images the order was judged on.
  public let judged: Int
  /// How many of these are right as the classes are.
  public let right: Int
  /// How many of these are right in the other order.
  public let rightReordered: Int
  /// The p-value of McNemar's exact test that both are right equally often.
  public let p: Double

  /// The fewest images of a class that takes part.
  static let fewestOfAClass = 4

  /// Whether the other order explains the answers: on the images that it was not chosen on, the
  /// model is wrong at most half as often in it, and the difference is significant at 1%.
  public var isFound: Bool { 2 * (judged - rightReordered) <= judged - right && p < 0.01 }

  /// Looks for an order.
  /// - Parameters:
  ///   - predicted: the class that the model predicts for each image; −1 for none.
  ///   - labels: the labels of the same images.
  /// - Returns: nil if fewer than two classes have enough images, or if no other order is better.
  init?(predicted: [Int], labels: [Int], classNames: [String]) {
    let places = Dictionary(grouping: labels.indices, by: { labels[$0] }).filter {
      $0.value.count >= Self.fewestOfAClass
    }
    let present = places.keys.sorted()
    guard present.count >= 2 else { return nil }
    // Every second image of a class chooses the order, the others judge it. Of equal orders, the
    // one that moves fewer classes costs less.
    let cost = present.map { label in
      var row = [Int](repeating: 0, count: classNames.count)
      for (number, place) in (places[label] ?? []).enumerated()
      where number % 2 == 0 && row.indices.contains(predicted[place]) {
        row[predicted[place]] -= 2
      }
      row[label] -= 1
      return row
    }
    let answers = Dictionary(uniqueKeysWithValues: zip(present, cheapestAssignment(cost)))
    moved = present.compactMap { label in
      answers[label].flatMap {
        $0 == label ? nil : Pair(label: classNames[label], answer: classNames[$0])
      }
    }
    guard !moved.isEmpty else { return nil }
    let judges = present.flatMap { label in
      (places[label] ?? []).enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
    }
    let plain = judges.map { predicted[$0] == labels[$0] }
    let reordered = judges.map { predicted[$0] == answers[labels[$0]] }
    (judged, right, rightReordered) = (judges.count, plain.trueCount, reordered.trueCount)
    p = Discordance(reordered, plain).p
    sortsNumbersAsText = Self.areNumbersAsText(answers, classNames)
  }

  /// Whether each label's answer has the label's place among the names, once in the order of the
  /// numbers and once in that of their text.
  private static func areNumbersAsText(_ answers: [Int: Int], _ names: [String]) -> Bool {
    let numbers = names.compactMap(Int.init)
    guard numbers.count == names.count else { return false }
    let orders = [numbers.sorted().map(String.init), names.sorted()]
    return orders.contains { order in
      answers.allSatisfy { label, answer in order[answer] == names[label] }
    }
  }

  /// The labels with their answers, the first ten: `cat → dog, dog → cat`.
  var text: String {
    let shown = moved.prefix(10).map { "\($0.label) → \($0.answer)" }.joined(separator: ", ")
    return moved.count > 10 ? "\(shown), and \(moved.count - 10) more" : shown
  }
}
