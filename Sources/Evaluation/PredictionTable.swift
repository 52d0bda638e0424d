import Attacks
import Datasets
import Foundation
import ModelCore
import Support

/// Predictions as a table for other programs, with a row for each example, budget and victim.
public struct PredictionTable {
  private let columns: [String]
  private let rows: [[String]]

  /// Reads a file of predictions from a run folder, or an example file.
  /// - Throws: `Failure` if the file is neither.
  public init(_ url: URL) throws {
    if try SafetensorsFile(url).contains("original") {
      self.init(try ExampleSet(url))
    } else {
      self.init(try PredictionFile.read(url).result)
    }
  }

  /// The table as CSV. The first row has the names of the columns.
  public var csv: String {
    var table = CSV(header: columns.joined(separator: ","))
    for row in rows { table.append(row) }
    return table.text
  }

  /// The predictions of every victim for the unchanged images (`clean`) and for the examples. The
  /// norms are those of the perturbations.
  init(_ result: TransferResult) {
    columns =
      [
        "attack", "source", "victim", "epsilon", "example", "image", "label", "target", "clean",
        "predicted",
      ]
      + Norm.allCases.map(\.rawValue)
      + (result.judged == nil ? [] : ["judgements", "right_judgements"])
    let judged = result.judged.map { (count: $0.shape[0], right: $0.to(.int64).sum([0]).int64s()) }
    let (predictions, sizes) = (result.predictions.int64s(), result.sizes.floats())
    let (labels, targets, clean) = (
      result.labels.int64s(), result.targets.int64s(), result.clean.int64s()
    )
    let indices = result.index?.int64s()
    let (count, norms) = (labels.count, Norm.allCases.count)
    var rows: [[String]] = []
    for (budget, epsilon) in result.epsilons.enumerated() {
      for (victim, name) in result.victims.enumerated() {
        let first = (budget * result.victims.count + victim) * count
        for example in 0..<count {
          let moved = (0..<norms).map {
            Double(sizes[(budget * norms + $0) * count + example]).plainDecimal
          }
          rows.append(
            [
              result.attack, result.source, name, epsilon.plainDecimal, "\(example)",
              "\(indices?[example] ?? Int64(example / result.examplesPerImage))",
              "\(labels[example])",
              Self.target(targets[example]),
              "\(clean[victim * count + example])", "\(predictions[first + example])",
            ] + moved + (judged.map { ["\($0.count)", "\($0.right[first + example])"] } ?? []))
        }
      }
    }
    self.rows = rows
  }

  /// The predictions of the source model for its own examples.
  private init(_ set: ExampleSet) {
    columns = [
      "attack", "source", "epsilon", "example", "image", "label", "target", "predicted",
      "confidence",
    ]
    let (predicted, confidence) = (set.predicted.int64s(), set.confidence.floats())
    let (labels, targets, images) = (set.label.int64s(), set.target.int64s(), set.index.int64s())
    rows = set.origin.epsilons.enumerated().flatMap { budget, epsilon in
      labels.indices.map { example in
        let place = budget * labels.count + example
        return [
          set.origin.attack, set.origin.source, epsilon.plainDecimal, "\(example)",
          "\(images[example])",
          "\(labels[example])", Self.target(targets[example]), "\(predicted[place])",
          Double(confidence[place]).plainDecimal,
        ]
      }
    }
  }

  /// The target class; empty for an untargeted attack.
  private static func target(_ label: Int64) -> String { label < 0 ? "" : "\(label)" }
}
