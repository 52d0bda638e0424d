import Foundation
import Support

/// The results of one epoch, a pass over the training images.
public struct EpochRecord: Codable, Equatable, Sendable {
  /// The number of the epoch, counted from 0.
  public let epoch: Int
  /// The mean loss over the images.
  public let loss: Double
  /// The share of correct predictions during training.
  public let accuracy: Double
  /// The mean of each term of the loss, without its weight.
  public var terms: [String: Double] = [:]
  /// The factor on the learning rate at the first step of the epoch.
  public var rateFactor = 1.0
  /// The mean cross-entropy and the accuracy on the held-out images after the epoch; nil if there
  /// are none.
  public var validationLoss: Double?
  public var validationAccuracy: Double?
  /// The accuracy under the attack of `RobustValidation` on the held-out images after the epoch;
  /// nil if there is no such attack.
  public var robustAccuracy: Double?
  /// The accuracy in each group of the held-out images after the epoch, by the name of the group, and
  /// the lowest of these; nil if the images have no groups.
  public var validationGroups: [String: Double]?
  public var validationWorstGroup: Double?
  /// The lowest accuracy of a group under the attack of `RobustValidation`; nil without groups or
  /// attack.
  public var robustWorstGroup: Double?

  public init(epoch: Int, loss: Double, accuracy: Double) {
    self.epoch = epoch
    self.loss = loss
    self.accuracy = accuracy
  }

  /// The record with the names of its terms in their spelling of today, whatever version stored it.
  var hyphenated: EpochRecord {
    var record = self
    record.terms = Dictionary(
      terms.map { ($0.key.hyphenated, $0.value) }, uniquingKeysWith: { first, _ in first })
    return record
  }

  /// Whether the epoch is better than another one: more accurate on the held-out images under
  /// attack, if that was measured, and then on the unchanged ones. With the criterion `worst-group`,
  /// the accuracies of the worst group decide, and those of all images among equals.
  func isBetter(than other: EpochRecord, by criterion: ValidationCriterion) -> Bool {
    func ranks(_ record: EpochRecord) -> [Double] {
      let all = [record.robustAccuracy, record.validationAccuracy]
      let worst = [record.robustWorstGroup, record.validationWorstGroup]
      return (criterion == .worstGroup ? worst + all : all).map { $0 ?? 0 }
    }
    return ranks(other).lexicographicallyPrecedes(ranks(self))
  }
}

extension [EpochRecord] {
  /// The best epoch on the held-out images, the first one among equals; nil if there are none.
  public func best(by criterion: ValidationCriterion = .accuracy) -> Int? {
    var best: EpochRecord?
    for record in self where record.validationAccuracy != nil {
      if best.map({ record.isBetter(than: $0, by: criterion) }) ?? true { best = record }
    }
    return best?.epoch
  }

  /// Whether at least `patience` epochs have passed since the best one; false if `patience` is nil.
  public func hasStalled(
    for patience: Int?, by criterion: ValidationCriterion = .accuracy
  ) -> Bool {
    guard let patience, let best = best(by: criterion) else { return false }
    return count - 1 - best >= patience
  }

  /// The records as JSON, one object per line.
  public func jsonLines() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try map { String(decoding: try encoder.encode($0), as: UTF8.self) + "\n" }.joined()
  }

  /// Reads what `jsonLines` has written.
  /// - Throws: `Failure` if the file cannot be read, or if a line is not a record.
  public init(jsonLines file: URL) throws {
    guard let text = try? String(contentsOf: file, encoding: .utf8) else {
      throw Failure.unreadable(file)
    }
    self = try text.split(separator: "\n").enumerated().map { line, record in
      guard let record = try? JSONDecoder().decode(EpochRecord.self, from: Data(record.utf8)) else {
        throw Failure.badData(
          "\(file.path):\(line + 1): expected the record of an epoch as a JSON object")
      }
      return record.hyphenated
    }
  }
}
