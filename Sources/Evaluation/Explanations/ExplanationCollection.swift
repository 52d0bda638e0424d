import Datasets
import Explanations
import ModelCore

/// Collects the explanations of the first examples of a pass, to be stored.
struct ExplanationCollection {
  private let pass: ExplanationPass
  /// The number of examples that are kept.
  private let count: Int
  private var examples: [StoredExplanations.Example] = []
  private var images: [Tensor] = []
  /// The contributions of each method, batch by batch.
  private var contributions: [[Tensor]]

  init(_ pass: ExplanationPass, count: Int) {
    self.pass = pass
    self.count = min(count, pass.data.count)
    contributions = Array(repeating: [], count: pass.methods.count)
  }

  /// Adds the next batch, of which only the examples count that are kept.
  /// - Parameters:
  ///   - explanations: of each method, in the order of the methods.
  ///   - masks: in the shape of the examples.
  mutating func add(_ batch: ExplainedBatch, _ explanations: [Explanation], _ masks: Tensor?) {
    // inputs [n, C, H, W] or [n, D]; places, marks [n, P]
    let kept = min(batch.count, count - examples.count)
    guard kept > 0 else { return }
    func first(_ tensor: Tensor) -> Tensor { tensor.narrow(0, 0, kept).to(.cpu).contiguous }
    let inputs = first(batch.images)
    let places = explanations.map { first($0.contributions.perPlace) }
    let marks = masks.map { first($0.rank == 4 ? $0.mean([1]).flattened : $0) }
    let values = inputs.rank == 4 ? inputs.mean([1]).flattened : inputs
    let (labels, predicted) = (batch.labels.int64s(), batch.predicted.int64s())
    let certainty = batch.certainty.floats()
    let names = pass.data.classNames
    for row in 0..<kept {
      let own = values.select(0, row).floats()
      let mask = marks?.select(0, row).floats()
      let number = examples.count
      examples.append(
        StoredExplanations.Example(
          index: pass.data.places?[number] ?? number, label: names[Int(labels[row])],
          predicted: names[Int(predicted[row])], probability: Double(certainty[row]),
          features: places.map { features($0.select(0, row).floats(), own, mask) }))
    }
    images.append(inputs)
    for (method, rows) in places.enumerated() { contributions[method].append(rows) }
  }

  /// What is stored.
  func stored(_ model: ExplainedModel) -> StoredExplanations {
    StoredExplanations(
      model: model, examples: examples, valueRange: pass.data.valueRange,
      isText: pass.background.isSparse, images: Tensor.concatenate(images),
      contributions: Tensor.stack(contributions.map { Tensor.concatenate($0) }))
  }

  /// The features of an example with the largest contributions, without words that a text lacks.
  private func features(
    _ contributions: [Float], _ values: [Float], _ mask: [Float]?
  ) -> [StoredExplanations.Feature] {
    let sizes = contributions.indices.map { place in
      let isAbsent = pass.background.isSparse && values[place] == 0
      return contributions[place].isFinite && !isAbsent ? abs(contributions[place]) : 0
    }
    return Ranks.largest(sizes, pass.top).filter { sizes[$0] > 0 }.map { place in
      StoredExplanations.Feature(
        place: place, name: pass.data.featureName(place), value: values[place],
        contribution: contributions[place], isMasked: (mask?[place] ?? 0) >= 0.5)
    }
  }
}
