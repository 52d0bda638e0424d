import Evaluation
import Foundation
import ModelCore
import Support

/// How many adversarial pictures still fool their source model after JPEG compression, for each
/// example set, budget and quality.
public struct JPEGChannel: Sendable {
  /// One line of `jpeg.csv`.
  public struct Line: Codable, Equatable, Sendable {
    public let source: String
    public let attack: String
    public let epsilon: Double
    public let quality: Int
    /// How many pictures fool their source as 8-bit files.
    public fileprivate(set) var fooling: Int
    /// How many of these still fool it after compression.
    public fileprivate(set) var stillFooling: Int

    /// Whether another line counts pictures of the same set, budget and quality.
    fileprivate func isOf(_ other: Line) -> Bool {
      (source, attack, epsilon, quality) == (
        other.source, other.attack, other.epsilon, other.quality
      )
    }
  }

  public let qualities: [Int]
  public private(set) var lines: [Line] = []

  /// - Parameter qualities: the JPEG qualities to try, each from 1 to 100.
  /// - Throws: `Failure.usage` for a quality outside 1 to 100.
  public init(qualities: [Int]) throws {
    if let wrong = qualities.first(where: { !(1...100).contains($0) }) {
      throw Failure.usage("JPEG quality \(wrong): expected a number from 1 to 100")
    }
    self.qualities = qualities
  }

  /// Compresses pictures and counts those that still fool their source.
  /// - Parameters:
  ///   - pixels: the pictures as they are stored, `[N, C, H, W]` in the source's pixel range.
  ///   - set: the examples that the pictures show, in the same order.
  ///   - fooling: which pictures fool the source before compression.
  mutating func add(
    _ pixels: Tensor, of set: ExampleSet, epsilon: Double, source: any Classifier, fooling: [Bool]
  ) {
    // pixels [N, C, H, W]; JPEG takes values from 0 to 1
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
      // The caller adds a large set in several parts.
      if let place = lines.firstIndex(where: { $0.isOf(line) }) {
        lines[place].fooling += line.fooling
        lines[place].stillFooling += line.stillFooling
      } else {
        lines.append(line)
      }
    }
  }

  /// The lines as `jpeg.csv`.
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
