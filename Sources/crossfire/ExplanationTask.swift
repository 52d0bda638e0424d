import Datasets
import Evaluation
import Explanations
import Foundation
import ImageSets
import ModelCore
import Support

/// Explains a data set batch by batch, so that memory does not grow with the number of examples.
struct ExplanationTask {
  let classifier: any Classifier
  /// The network whose weights can be reset; nil for a program.
  let network: Network?
  let data: LabelledImages
  let background: Background
  let methods: [NamedExplanation]
  let seed: Seed
  let evaluator: Evaluator
  let progress: ProgressDisplay

  /// What is printed about the explanations.
  struct Result: Encodable {
    let model: String
    let data: String
    let examples: Int
    /// The number of examples on which the trust was measured.
    let trusted: Int
    let secondsPerExample: [String: Double]
    let measures: [TrustMeasure]
    let folder: String
    let notices: [String]
  }

  /// - Parameters:
  ///   - top: the number of features that are compared.
  ///   - trusted: the number of examples, from the first, on which the trust is measured.
  func run(into folder: ExplanationFolder, top: Int, trusted: Int, model: String) throws -> Result {
    let trusted = min(trusted, data.count)
    var plan = TrustPlan()
    plan.top = top
    let randomized =
      try trusted > 0
      ? network.map {
        try RandomizedModels($0, seed: seed.derive("randomised weights"))
      } : nil
    var trust = ExplanationTrust(methods, plan: plan, randomized: randomized)
    let clock = ContinuousClock()
    var seconds = [Double](repeating: 0, count: methods.count)
    progress.begin("explain \(model)", total: data.count, unit: "examples")
    for range in ranges(trusted) {
      let given = data.batch(range).to(classifier.device)
      func shown(_ place: Int) -> (Int) -> Void {
        { done in
          let share = (Double(place) + Double(done) / Double(range.count)) / Double(methods.count)
          progress.update(Double(range.lowerBound) + share * Double(range.count))
        }
      }
      var at = 0
      let batch = ExplainedBatch(
        given.images, labels: given.labels, of: classifier,
        draws: ExampleDraws(
          seed.derive("explanations"), examples: range.map { data.places?[$0] ?? $0 },
          device: classifier.device),
        background: background, passSize: evaluator.batchSize
      ) { shown(at)($0) }
      var explanations: [Explanation] = []
      for (place, method) in methods.enumerated() {
        at = place
        let (start, shared) = (clock.now, batch.sharedSeconds)
        explanations.append(method.method.explain(batch))
        seconds[place] += (clock.now - start).seconds + batch.sharedSeconds - shared
        shown(place)(range.count)
      }
      if range.lowerBound < trusted {
        trust.add(batch.silent, explanations, masks: given.annotations.masks)
      }
      try folder.add(batch, explanations)
      progress.update(range.upperBound)
    }
    progress.end(nil)
    let each = seconds.map { $0 / Double(data.count) }
    for (method, seconds) in zip(methods, each) { trust.add(seconds: seconds, of: method.name) }
    try folder.finish(trusted > 0 ? trust : nil)
    return Result(
      model: model, data: data.name, examples: data.count, trusted: trusted,
      secondsPerExample: Dictionary(uniqueKeysWithValues: zip(methods.map(\.name), each)),
      measures: trust.measures, folder: folder.folder.relativePath,
      notices: notices(trusted, trust))
  }

  /// The batches, divided where the examples end on which the trust is measured.
  private func ranges(_ trusted: Int) -> [Range<Int>] {
    evaluator.batches(data.count).flatMap { range in
      guard trusted > range.lowerBound, trusted < range.upperBound else { return [range] }
      return [range.lowerBound..<trusted, trusted..<range.upperBound]
    }
  }

  /// What the user should know about the measures, one sentence each.
  private func notices(_ trusted: Int, _ trust: ExplanationTrust) -> [String] {
    guard trusted > 0 else { return [] }
    var notices: [String] = []
    if network == nil {
      notices.append(
        "the model is a program whose weights cannot be reset, so the randomisation check was "
          + "skipped")
    }
    for measure in trust.measures
    where measure.measure == TrustName.allLayersReset.rawValue && measure.mean > 0.7 {
      notices.append(
        "\(measure.method) hardly changes if all weights of the model are random (rank correlation "
          + "\(String(format: "%.2f", measure.mean))): it shows the input more than the model")
    }
    return notices
  }
}
