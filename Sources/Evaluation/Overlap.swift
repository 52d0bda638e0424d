import Foundation
import Support

/// Which victims the same examples fooled, for one attack, budget and source.
public struct Overlap: Codable, Equatable, Sendable {
  /// The examples that fooled exactly a given set of victims.
  public struct Part: Codable, Equatable, Sendable {
    /// The names of the victims that misclassified these examples. All others classified them
    /// correctly.
    public let fooled: [String]
    /// The number of these examples.
    public let examples: Int
  }

  public let attack: String
  public let epsilon: Double
  public let source: String
  public let victims: [String]
  /// How many examples were made of each image.
  public let examplesPerImage: Int
  /// A part for every set of victims that occurs, the largest part first.
  public let parts: [Part]

  /// The number of examples.
  public var examples: Int { parts.reduce(0) { $0 + $1.examples } }

  /// The number of examples that fooled the victims in `fooled` and no other victim in `names`.
  /// Victims that are not in `names` do not count.
  public func count(fooled: Set<String>, among names: Set<String>) -> Int {
    parts.filter { Set($0.fooled).intersection(names) == fooled }.reduce(0) { $0 + $1.examples }
  }

  /// Compares two victims on these examples.
  public func comparison(_ first: String, _ second: String) -> VictimComparison {
    let pair: Set = [first, second]
    return VictimComparison(
      first: first, second: second, onlyFirst: count(fooled: [second], among: pair),
      onlySecond: count(fooled: [first], among: pair), areIndependent: examplesPerImage == 1)
  }
}

/// Two victims on the same examples, to test whether one of them is more robust.
public struct VictimComparison: Equatable, Sendable {
  public let first: String
  public let second: String
  /// How many examples only the first victim classified correctly.
  public let onlyFirst: Int
  /// How many examples only the second victim classified correctly.
  public let onlySecond: Int
  /// Whether each example was made of an image of its own.
  let areIndependent: Bool

  /// The exact p-value of McNemar's test of the hypothesis that both victims are equally accurate;
  /// nil if an image has several examples, which are not independent.
  public var p: Double? {
    areIndependent ? mcNemarExactTest(onlyFirst: onlyFirst, onlySecond: onlySecond) : nil
  }
}

extension TransferResult {
  /// For each budget, which victims the same examples fooled.
  public func overlaps() -> [Overlap] { withoutExcluded().overlapping() }

  private func overlapping() -> [Overlap] {
    epsilons.map { epsilon in
      let right = victims.map { self.right(epsilon, $0) ?? [] }
      let sets = labels.int64s().indices.map { example in
        victims.indices.filter { !right[$0][example] }
      }
      let counts = Dictionary(grouping: sets, by: \.self).mapValues(\.count)
      let ordered = counts.sorted {
        ($1.value, $0.key.map { "\($0)" }.joined()) < ($0.value, $1.key.map { "\($0)" }.joined())
      }
      return Overlap(
        attack: attack, epsilon: epsilon, source: source, victims: victims,
        examplesPerImage: examplesPerImage,
        parts: ordered.map { Overlap.Part(fooled: $0.key.map { victims[$0] }, examples: $0.value) })
    }
  }
}

extension [Overlap] {
  /// The comparison of every two victims on the same examples, as a table.
  public func comparisonsCSV() -> String {
    var table = CSV(
      header: "attack,epsilon,source,first,second,only_first_right,only_second_right,p")
    for overlap in self {
      for (place, first) in overlap.victims.enumerated() {
        for second in overlap.victims[(place + 1)...] {
          let comparison = overlap.comparison(first, second)
          table.append([
            overlap.attack, overlap.epsilon.plainDecimal, overlap.source, first, second,
            "\(comparison.onlyFirst)",
            "\(comparison.onlySecond)", comparison.p.map(threeDigits) ?? "",
          ])
        }
      }
    }
    return table.text
  }

  /// The parts as a table. The names in `fooled` are separated by spaces.
  public func csv() -> String {
    var table = CSV(header: "attack,epsilon,source,fooled,examples")
    for overlap in self {
      for part in overlap.parts {
        table.append([
          overlap.attack, overlap.epsilon.plainDecimal, overlap.source,
          part.fooled.joined(separator: " "),
          "\(part.examples)",
        ])
      }
    }
    return table.text
  }

  private func threeDigits(_ p: Double) -> String {
    guard p > 0 else { return "0" }
    let scale = pow(10, (2 - log10(p).rounded(.down)))
    return scale.isFinite ? ((p * scale).rounded() / scale).plainDecimal : p.plainDecimal
  }
}
