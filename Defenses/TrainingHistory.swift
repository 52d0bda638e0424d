import Foundation
import Support

/// How one pass over the training images went.
public struct EpochRecord: Codable, Equatable, Sendable {
  /// Counted from 0.
  public let epoch: Int
  /// Mean loss over the images.
  public let loss: Double
  /// Share of images classified rightly while training on them.
  public let accuracy: Double
  /// Mean of each term of the loss, without its weight.
  public var terms: [String: Double] = [:]
  /// The factor on the learning rate at the epoch's first step.
  public var rateFactor = 1.0
  /// Mean cross-entropy and share of right answers on the images held out, after the epoch; nil if
  /// none are.
  public var validationLoss: Double?
  public var validationAccuracy: Double?

  public init(epoch: Int, loss: Double, accuracy: Double) {
    self.epoch = epoch
    self.loss = loss
    self.accuracy = accuracy
  }
}

extension [EpochRecord] {
  /// The epoch with the best validation accuracy, the first of equals; nil if nothing was held out.
  public var best: Int? {
    var best: (epoch: Int, accuracy: Double)?
    for record in self {
      guard let accuracy = record.validationAccuracy else { continue }
      if accuracy > best?.accuracy ?? -1 { best = (record.epoch, accuracy) }
    }
    return best?.epoch
  }

  /// Whether so many epochs have passed without a better validation accuracy.
  public func hasStalled(for patience: Int?) -> Bool {
    guard let patience, let best else { return false }
    return count - 1 - best >= patience
  }

  /// One JSON object a line, an epoch each.
  public func jsonLines() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try map { String(decoding: try encoder.encode($0), as: UTF8.self) + "\n" }.joined()
  }

  /// Reads what `jsonLines` wrote.
  /// - Throws: `Failure` if the file is not there, or a line is not a record.
  public init(jsonLines file: URL) throws {
    guard let text = try? String(contentsOf: file, encoding: .utf8) else {
      throw Failure.missing("cannot read \(file.path)")
    }
    self = try text.split(separator: "\n").enumerated().map { line, record in
      guard let record = try? JSONDecoder().decode(EpochRecord.self, from: Data(record.utf8)) else {
        throw Failure.badData("\(file.path):\(line + 1): not a record of a training's epoch")
      }
      return record
    }
  }
}
