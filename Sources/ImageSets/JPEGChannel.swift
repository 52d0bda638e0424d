import Evaluation
import Foundation
import ModelCore
import Support

/// How many adversarial pictures still fool their source after JPEG: one line for each set, budget
/// and quality.
public struct JPEGChannel: Sendable {
  /// One line of `jpeg.csv`.
  public struct Line: Codable, Equatable, Sendable {
    public let source: String
    public let attack: String
    public let epsilon: Double
    public let quality: Int
    /// How many pictures fool their source as 8-bit files, and how many of those still do after
    /// compression.
    public fileprivate(set) var fooling: Int
    public fileprivate(set) var stillFooling: Int

    /// Whether another line is of the same set, budget and quality.
    fileprivate func isOf(_ other: Line) -> Bool {
      (source, attack, epsilon, quality) == (
        other.source, other.attack, other.epsilon, other.quality
      )
    }
  }

  public let qualities: [Int]
  public private(set) var lines: [Line] = []

  /// - Throws: `Failure.usage` for a quality outside 1 to 100.
  public init(qualities: [Int]) throws {
    if let wrong = qualities.first(where: { !(1...100).contains($0) }) {
      throw Failure.usage("JPEG quality \(wrong): expected a number from 1 to 100")
    }
    self.qualities = qualities
  }

  /// - Parameters:
  ///   - pixels: the set's pictures within a budget as they are stored, `[N, C, H, W]` in the
  ///     source's range.
  ///   - fooling: which of them fool the source.
  mutating func add(
    _ pixels: Tensor, of set: ExampleSet, epsilon: Double, source: any Classifier, fooling: [Bool]
  ) {
    let range = set.origin.valueRange
    let width = range.upperBound - range.lowerBound
    for quality in qualities {
      let left =
        JPEGCompression(quality: quality).compressed((pixels - range.lowerBound) / width) * width
      let answers = Evaluator().batches(pixels.shape[0]).flatMap { batch in
        let part = (left + range.lowerBound).narrow(0, batch.lowerBound, batch.count)
        return source.predictions(part.to(source.device)).int64s()
      }
      let line = Line(
        source: set.origin.source, attack: set.origin.attack, epsilon: epsilon, quality: quality,
        fooling: fooling.count(where: \.self),
        stillFooling: zip(fooling, set.fools(answers)).count { $0 && $1 })
      // A set comes in parts.
      if let place = lines.firstIndex(where: { $0.isOf(line) }) {
        lines[place].fooling += line.fooling
        lines[place].stillFooling += line.stillFooling
      } else {
        lines.append(line)
      }
    }
  }

  func csv() -> String {
    var table = CSV(header: "source,attack,epsilon,quality,fooling,still_fooling")
    for line in lines {
      table.append([
        line.source, line.attack, line.epsilon.plainDecimal, "\(line.quality)", "\(line.fooling)",
        "\(line.stillFooling)",
      ])
    }
    return table.text
  }
}
