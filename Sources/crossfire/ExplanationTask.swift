import Datasets
import Evaluation
import Explanations
import Foundation
import ImageSets
import ModelCore
import Support

/// Explains a data set into a folder, and says what is printed about it.
struct ExplanationTask {
  let pass: ExplanationPass
  let progress: ProgressDisplay

  /// What is printed about the explanations.
  struct Result: Encodable {
    let model: String
    let data: String
    let examples: Int
    /// The number of examples on which the trust was measured.
    let trusted: Int
    /// The class that was explained; nil for the predicted one of each example.
    let explained: String?
    let secondsPerExample: [String: Double]
    let measures: [TrustMeasure]
    let folder: String
    let notices: [String]
  }

  func run(into folder: ExplanationFolder, model: String) throws -> Result {
    let data = pass.data
    progress.begin("explain \(model)", total: data.count, unit: "examples")
    let found = try pass.run {
      progress.update($0)
    } _: { batch, explanations, _ in
      try folder.add(batch, explanations)
    }
    progress.end(nil)
    try folder.finish(pass.trusted > 0 ? found.trust : nil)
    return Result(
      model: model, data: data.name, examples: data.count, trusted: pass.trusted,
      explained: pass.explainedClass.map { data.classNames[$0] },
      secondsPerExample: Dictionary(
        uniqueKeysWithValues: zip(pass.methods.map(\.name), found.seconds)),
      measures: found.trust.measures, folder: folder.folder.relativePath,
      notices: notices(found.trust))
  }

  /// What the user should know about the measures, one sentence each.
  private func notices(_ trust: ExplanationTrust) -> [String] {
    guard pass.trusted > 0 else { return [] }
    var notices: [String] = []
    if pass.network == nil {
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
