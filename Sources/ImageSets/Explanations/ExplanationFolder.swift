import Datasets
import Evaluation
import Explanations
import Foundation
import ModelCore
import Support

/// The explanations of some examples as a folder, which is written while they are computed:
///
/// - `pictures/<index>-<method>.png`: one page for each example and method.
/// - `sheet.png`: the first examples by all methods on one page.
/// - `top-features.csv`: the features with the largest contributions of each example and method.
/// - `explanations.csv`: one row for each example and method, with the score that is explained.
/// - `explanations.npz`: all contributions.
/// - `trust.csv` and `curves.csv`: how far the explanations can be trusted, if that was measured.
public final class ExplanationFolder {
  /// The file that is there if the folder holds explanations.
  public static let table = "explanations.csv"

  public let folder: URL
  private let methods: [NamedExplanation]
  private let data: LabelledImages
  private let top: Int
  private let pictures: Int
  private let arrays: NPZStream
  private let features: AtomicFile
  private let scores: AtomicFile
  private var sheet: ExplanationSheet
  private var done = 0

  private static let featureHeader =
    "index,label,predicted,method,rank,feature,name,value,contribution"
  private static let scoreHeader =
    "index,label,predicted,probability,method,explained,score,sum,completeness_gap"

  /// Creates the files.
  /// - Parameters:
  ///   - data: the examples that will be added, in their order.
  ///   - top: the number of features with the largest contributions that are listed.
  ///   - pictures: the number of examples that are drawn, from the first.
  /// - Throws: `Failure.cannotWrite`; `Failure.usage` for more contributions than a file holds.
  public init(
    _ folder: URL, methods: [NamedExplanation], data: LabelledImages, top: Int, pictures: Int
  ) throws {
    self.folder = folder
    self.methods = methods
    self.data = data
    self.top = min(top, data.shape.height * data.shape.width)
    self.pictures = pictures
    let shape = [data.count] + data.shape.sizes
    arrays = try NPZStream(
      folder.appending(path: "explanations.npz"),
      ["index", "label", "predicted"].map { .init($0, [data.count], .int64) }
        + methods.map { .init($0.name, shape) })
    features = try AtomicFile(folder.appending(path: "top-features.csv"))
    scores = try AtomicFile(folder.appending(path: Self.table))
    try features.append(Self.featureHeader + "\n")
    try scores.append(Self.scoreHeader + "\n")
    sheet = ExplanationSheet(methods: methods.map(\.name))
  }

  /// Adds the next examples.
  /// - Parameter explanations: of each method, in the order of the methods.
  public func add(_ batch: ExplainedBatch, _ explanations: [Explanation]) throws {
    let indices = (done..<done + batch.count).map { data.places?[$0] ?? $0 }
    for (name, numbers) in [
      ("index", Tensor(labels: indices)), ("label", batch.labels), ("predicted", batch.predicted),
    ] { try arrays.append(numbers, to: name) }
    for (method, explanation) in zip(methods, explanations) {
      try arrays.append(explanation.contributions, to: method.name)
    }
    let examples = examples(batch, indices)
    let places = explanations.map { explanation in
      let rows = explanation.contributions.perPlace.to(.cpu).contiguous
      return (0..<batch.count).map { rows.select(0, $0).floats() }
    }
    try append(examples, places)
    try append(examples, batch, explanations)
    try draw(Array(examples.prefix(max(0, pictures - done))), places)
    done += batch.count
  }

  /// Writes what is left, and the measures of trust if there are any.
  public func finish(_ trust: ExplanationTrust?) throws {
    if let trust {
      var table = CSV(header: "method,measure,with,mean,standard_deviation,examples")
      for line in trust.measures {
        table.append([
          line.method, line.measure, line.with ?? "", line.mean.sixDigits, line.deviation.sixDigits,
          "\(line.examples)",
        ])
      }
      try AtomicFile.write(table.text, to: folder.appending(path: "trust.csv"))
      var curves = CSV(header: "method,share,deletion,insertion")
      for point in trust.curvePoints {
        curves.append(
          [point.method] + [point.share, point.deletion, point.insertion].map(\.sixDigits))
      }
      try AtomicFile.write(curves.text, to: folder.appending(path: "curves.csv"))
    }
    if !sheet.isEmpty {
      try PNG.write(sheet.drawn(), to: folder.appending(path: "sheet.png"))
    }
    try arrays.finish()
    try features.commit()
    try scores.commit()
  }

  // MARK: Parts

  private func examples(_ batch: ExplainedBatch, _ indices: [Int]) -> [ExplainedExample] {
    let labels = batch.labels.int64s().map(Int.init)
    let predicted = batch.predicted.int64s().map(Int.init)
    let explained = batch.explained.int64s().map(Int.init)
    let probabilities = batch.certainty.floats()
    let images = batch.images.to(.cpu).contiguous
    return indices.indices.map { row in
      ExplainedExample(
        index: indices[row], label: data.classNames[labels[row]],
        predicted: data.classNames[predicted[row]], explained: data.classNames[explained[row]],
        probability: Double(probabilities[row]),
        values: images.select(0, row), valueRange: data.valueRange)
    }
  }

  /// Adds the features with the largest contributions to their table.
  private func append(_ examples: [ExplainedExample], _ places: [[[Float]]]) throws {
    var table = CSV(header: Self.featureHeader)
    for (row, example) in examples.enumerated() {
      let values = example.valuePerPlace
      for (method, contributions) in zip(methods, places) {
        let own = contributions[row]
        for (rank, place) in largest(own).enumerated() {
          table.append([
            "\(example.index)", example.label, example.predicted, method.name, "\(rank + 1)",
            "\(place)", data.featureName(place), Double(values[place]).sixDigits,
            Double(own[place]).sixDigits,
          ])
        }
      }
    }
    try features.append(String(table.text.dropFirst(Self.featureHeader.count + 1)))
  }

  /// Adds the scores to their table.
  private func append(
    _ examples: [ExplainedExample], _ batch: ExplainedBatch, _ explanations: [Explanation]
  ) throws {
    var table = CSV(header: Self.scoreHeader)
    let scores = methods.map { batch.scores(of: $0.method.scalar).floats() }
    let sums = explanations.map { $0.contributions.flattened.to(.float64).sum([1]).floats() }
    let gaps = explanations.map { $0.gaps?.floats() }
    for (row, example) in examples.enumerated() {
      for (place, method) in methods.enumerated() {
        table.append([
          "\(example.index)", example.label, example.predicted, example.probability.sixDigits,
          method.name, explained(example, method), Double(scores[place][row]).sixDigits,
          Double(sums[place][row]).sixDigits,
          gaps[place].map { Double($0[row]).sixDigits } ?? "",
        ])
      }
    }
    try self.scores.append(String(table.text.dropFirst(Self.scoreHeader.count + 1)))
  }

  /// The class whose score a method explains; empty for a score of all classes.
  private func explained(_ example: ExplainedExample, _ method: NamedExplanation) -> String {
    let scalar = method.method.scalar
    if scalar == .sumOfLogProbabilities { return "" }
    return scalar.isOfPredictedClass ? example.explained : example.label
  }

  private func largest(_ contributions: [Float]) -> [Int] {
    Ranks.largest(contributions.map { $0.isFinite ? abs($0) : 0 }, top)
  }

  /// Writes a page for each example and method, on all threads, and adds the first ones to the sheet.
  /// - Parameter places: the contributions of each method for each example.
  private func draw(_ examples: [ExplainedExample], _ places: [[[Float]]]) throws {
    let (folder, methods, isPicture) = (folder, methods, data.shape.isPicture)
    let drawn =
      isPicture ? [] : examples.indices.map { row in places.map { bars(examples[row], $0[row]) } }
    try inParallel(throwing: examples.count * methods.count) { number in
      let (row, place) = (number / methods.count, number % methods.count)
      let (example, method) = (examples[row], methods[place])
      let legend = ContributionLegend(method, example)
      let page =
        isPicture
        ? ContributionPanel.drawn(example, legend, places[place][row])
        : ContributionBars.drawn(
          drawn[row][place], caption: [example.caption, legend.method], legend: legend.sentence,
          scale: 2)
      let file = folder.appending(path: "pictures/\(example.index)-\(method.name).png")
      try AtomicFile.write(PNG.encode(page, isFast: true), to: file, synced: false)
    }
    for (row, example) in examples.enumerated() where !sheet.isFull {
      if isPicture {
        sheet.add(example, places.map { $0[row] })
      } else {
        sheet.add(example, bars: drawn[row].map { Array($0.prefix(6)) })
      }
    }
  }

  private func bars(
    _ example: ExplainedExample, _ contributions: [Float]
  ) -> [ContributionBars.Feature] {
    let values = example.valuePerPlace
    return largest(contributions).map {
      ContributionBars.Feature(
        name: data.featureName($0), value: values[$0], contribution: contributions[$0])
    }
  }
}
