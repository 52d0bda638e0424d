import Attacks
import Datasets
import Evaluation
import ImageSets
import ModelCore
import Support

/// A picture that the study may show.
struct Candidate {
  /// The place in the data set of the image that the picture is made of.
  let index: Int
  let label: Int
  let target: Int
  let predicted: Int
  let confidence: Double
  /// The picture as it is stored with 8 bits a channel, before it is enlarged.
  let picture: Picture
}

/// The pictures of one condition that fool their source model after they are stored with 8 bits.
struct CandidatePool {
  let condition: Condition
  /// For each class, the candidates that are made of its first images.
  let candidates: [[Candidate]]
  /// For each class, how many examples of these images there are, whether or not they fool the
  /// model.
  let examined: [Int]

  /// Selects the pictures of one budget of an example set.
  /// - Parameters:
  ///   - budget: the place of the budget in `origin.epsilons`.
  ///   - images: how many images of each class are used; they are the first ones of the class.
  ///   - judge: the source model, which classifies the stored pictures again. If it is nil, the
  ///     predictions in the example set decide alone.
  init(_ set: ExampleSet, budget: Int, images: Int, judge: Contestant?) throws {
    let origin = set.origin
    condition = Condition(
      source: origin.source, attack: origin.attack, epsilon: origin.epsilons[budget])
    guard let norm = Norm(rawValue: origin.norm) else {
      throw Failure.badData(
        "unknown norm '\(origin.norm)'",
        hint: hint(for: origin.norm, among: Norm.allCases.map(\.rawValue)))
    }
    let (indices, labels) = (set.index.int64s().map(Int.init), set.label.int64s().map(Int.init))
    guard indices.allSatisfy({ $0 >= 0 }) else {
      throw Failure.badData(
        "the examples of \(origin.attack) on \(origin.source) have an image number below 0")
    }
    let first = Self.first(images, indices, labels, classCount: origin.classNames.count)
    let rows = indices.indices.filter { first.contains(indices[$0]) }
    // rows.count = M examples; stored: uint8 [M, C, H, W]
    let places = Tensor(labels: rows)
    let stored = Quantization.bytes(
      set.adversarial[budget].indexSelect(0, places), keeping: condition.epsilon, in: norm,
      of: set.original.indexSelect(0, places), range: origin.valueRange)
    let judged = try judge.map { try answers(of: $0, to: stored, range: origin.valueRange) }
    let shape = InputShape(ofBatch: stored.shape)
    let (targets, predicted) = (set.target.int64s(), set.predicted.select(0, budget).int64s())
    let confidence = set.confidence.select(0, budget).floats()
    var candidates = [[Candidate]](repeating: [], count: origin.classNames.count)
    var examined = [Int](repeating: 0, count: origin.classNames.count)
    for (place, row) in rows.enumerated() {
      let label = labels[row]
      examined[label] += 1
      // An untargeted attack has no target of its own. The class that it reached takes that role.
      let target = Int(targets[row] < 0 ? predicted[row] : targets[row])
      let answer = judged.map { $0.classes[place] } ?? Int(predicted[row])
      guard candidates.indices.contains(target), target != label, Int(predicted[row]) == target,
        answer == target
      else {
        continue
      }
      candidates[label].append(
        Candidate(
          index: indices[row], label: label, target: target, predicted: answer,
          confidence: judged.map { $0.confidence[place] } ?? Double(confidence[row]),
          picture: Picture(shape: shape, pixels: stored.select(0, place).bytes())))
    }
    self.candidates = candidates
    self.examined = examined
  }

  /// The first images of each class, as places in the data set.
  static func first(_ images: Int, _ indices: [Int], _ labels: [Int], classCount: Int) -> Set<Int> {
    var found = [Set<Int>](repeating: [], count: classCount)
    for (index, label) in zip(indices, labels).sorted(by: { $0 < $1 })
    where found[label].count < images {
      found[label].insert(index)
    }
    return found.reduce(into: []) { $0.formUnion($1) }
  }
}

/// The class that a model predicts for each stored picture, and the probability it gives that
/// class.
/// - Parameters:
///   - bytes: uint8 `[N, C, H, W]`.
///   - range: the pixel range that the bytes 0 to 255 stand for.
/// - Throws: `Failure.badData` if the model takes another shape or pixel range.
func answers(
  of model: Contestant, to bytes: Tensor, range: ClosedRange<Double>
) throws -> (classes: [Int], confidence: [Double]) {
  let classifier = model.classifier
  let shape = InputShape(ofBatch: bytes.shape)
  guard classifier.inputShape == shape, classifier.valueRange == range else {
    throw Failure.badData(
      "the examples are pictures of \(shape) with pixels in \(range), but the model \(model.name) "
        + "takes \(classifier.inputShape) with pixels in \(classifier.valueRange)",
      hint: "use the model that the examples were made on")
  }
  let images = Quantization.pixels(bytes, range: range)
  var (classes, confidence): ([Int], [Double]) = ([], [])
  for batch in Evaluator().batches(bytes.shape[0]) {
    // part [n, C, H, W] → probabilities [n, K]
    let part = images.narrow(0, batch.lowerBound, batch.count).to(classifier.device)
    let probabilities = withoutGradients { classifier.logits(part).softmax() }.to(.cpu)
    classes += probabilities.predictedClasses.int64s().map(Int.init)
    confidence += probabilities.max([1]).floats().map(Double.init)
  }
  return (classes, confidence)
}
