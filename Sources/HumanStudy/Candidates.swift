import Attacks
import Datasets
import Evaluation
import ImageSets
import ModelCore
import Support

/// Whose pictures are compared in a study: those of one model, attack and budget.
public struct Condition: Hashable, Codable, Sendable {
  public let source: String
  public let attack: String
  public let epsilon: Double

  /// One line for people and for columns: the model, with the attack and the budget.
  public var name: String { "\(source) \(attack) \(epsilon.plainDecimal)" }
}

/// A picture that could be shown.
struct Candidate {
  /// The image it is made of: its place in the data set.
  let index: Int
  let label: Int
  let target: Int
  let predicted: Int
  let confidence: Double
  /// As it is stored, before it is enlarged.
  let picture: Picture
}

/// The pictures of one condition that fool their model, as they are stored with 8 bits.
struct CandidatePool {
  let condition: Condition
  /// For each class the pictures of its first images.
  let candidates: [[Candidate]]
  /// For each class how many examples of these images there are, fooling or not.
  let examined: [Int]

  /// - Parameters:
  ///   - images: how many images of each class, from the first on.
  ///   - judge: the model itself, to be asked about the stored pictures; nil: what was stored of
  ///     its answers has to do.
  init(_ set: ExampleSet, budget: Int, images: Int, judge: (any Classifier)?) throws {
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
    let places = Tensor(labels: rows)
    let stored = Quantization.bytes(
      set.adversarial[budget].indexSelect(0, places), keeping: condition.epsilon, in: norm,
      of: set.original.indexSelect(0, places), range: origin.valueRange)
    let judged = try judge.map {
      try answers(of: $0, named: origin.source, to: stored, range: origin.valueRange)
    }
    let shape = InputShape(
      channels: stored.shape[1], height: stored.shape[2], width: stored.shape[3])
    let (targets, predicted) = (set.target.int64s(), set.predicted.select(0, budget).int64s())
    let confidence = set.confidence.select(0, budget).floats()
    var candidates = [[Candidate]](repeating: [], count: origin.classNames.count)
    var examined = [Int](repeating: 0, count: origin.classNames.count)
    for (place, row) in rows.enumerated() {
      let label = labels[row]
      examined[label] += 1
      // An attack that aims at no class has reached the one that is seen.
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

  /// The first images of each class, by their places in the data set.
  static func first(_ images: Int, _ indices: [Int], _ labels: [Int], classCount: Int) -> Set<Int> {
    var found = [Set<Int>](repeating: [], count: classCount)
    for (index, label) in zip(indices, labels).sorted(by: { $0 < $1 })
    where found[label].count < images {
      found[label].insert(index)
    }
    return found.reduce(into: []) { $0.formUnion($1) }
  }
}

/// What a model says about stored pictures.
/// - Parameter bytes: uint8 `[N, C, H, W]`.
func answers(
  of model: any Classifier, named name: String, to bytes: Tensor, range: ClosedRange<Double>
) throws -> (classes: [Int], confidence: [Double]) {
  guard model.inputShape.sizes == Array(bytes.shape.dropFirst()), model.valueRange == range else {
    throw Failure.badData(
      "the model \(name) takes images of another shape or range than the examples")
  }
  let images = Quantization.pixels(bytes, range: range)
  var (classes, confidence): ([Int], [Double]) = ([], [])
  for batch in Evaluator().batches(bytes.shape[0]) {
    let part = images.narrow(0, batch.lowerBound, batch.count).to(model.device)
    let probabilities = withoutGradients { model.logits(part).softmax() }.to(.cpu)
    classes += probabilities.predictedClasses.int64s().map(Int.init)
    confidence += probabilities.max([1]).floats().map(Double.init)
  }
  return (classes, confidence)
}
