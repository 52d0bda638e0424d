import Attacks
import Datasets
import ModelCore
import Support

/// One model of a transfer matrix: a name, and the form it is attacked and judged in.
public struct Contestant: Sendable {
  public let name: String
  public let classifier: any Classifier
  public let fingerprint: String

  public init(name: String, classifier: any Classifier, fingerprint: String) {
    self.name = name
    self.classifier = classifier
    self.fingerprint = fingerprint
  }
}

/// What every victim made of one attack's examples from one source.
public struct TransferResult: Sendable {
  public let attack: String
  public let source: String
  public let victims: [String]
  public let epsilons: [Double]
  /// int64 `[budgets, victims, N]`
  public let predictions: Tensor
  /// int64 `[N]`
  public let labels: Tensor
  /// int64 `[N]`, −1: none
  public let targets: Tensor

  /// One cell for every budget and victim.
  public func cells() -> [GridCell] {
    let targeted = targets.isAtLeast(0).any().isTrue
    let count = { (a: Tensor, b: Tensor) in Int(a.equals(b).to(.int64).sum().scalar) }
    return epsilons.indices.flatMap { budget in
      victims.indices.map { victim in
        let predicted = predictions.select(0, budget).select(0, victim)
        return GridCell(
          attack: attack, epsilon: epsilons[budget], source: source, victim: victims[victim],
          examples: labels.count, correct: count(predicted, labels),
          targetedHits: targeted ? count(predicted, targets) : nil)
      }
    }
  }
}

/// Fires one source's adversarial examples at every victim.
///
/// Each batch is attacked once for all budgets, checked, and shown to all victims while it is in the cache. Nothing grows
/// with the number of images but the predictions, and the examples asked to be kept.
public struct TransferRunner {
  public let plan: AttackPlan
  public let source: Contestant
  public let victims: [Contestant]
  public let data: LabelledImages
  public let seed: Seed
  public let evaluator: Evaluator

  public init(
    plan: AttackPlan, source: Contestant, victims: [Contestant], data: LabelledImages, seed: Seed,
    evaluator: Evaluator = Evaluator()
  ) {
    self.plan = plan
    self.source = source
    self.victims = victims
    self.data = data
    self.seed = seed
    self.evaluator = evaluator
  }

  /// The digest of everything the predictions depend on.
  public var request: String {
    Digest.hex(
      of: ([
        "transfer 1", plan.name, plan.text, "\(plan.epsilons)", data.fingerprint, "\(seed.value)", source.fingerprint,
      ] + victims.map { "\($0.name) \($0.fingerprint)" }).joined(separator: "\n"))
  }

  /// Runs the attack over all images.
  /// - Parameters:
  ///   - keep: how many images' examples, from the first on, are kept for export.
  ///   - done: told how many images are done.
  /// - Throws: `Failure` if the attack made images outside its threat model.
  public func run(keep: Int, done: (Int) -> Void) throws -> (result: TransferResult, examples: ExampleSet?) {
    var predictions: [Tensor] = []
    var targets: [Tensor] = []
    var kept: [Batch] = []
    for range in evaluator.batches(data.count) {
      let batch = try attack(range)
      predictions.append(judge(batch))
      targets.append(batch.target)
      if range.lowerBound < keep { kept.append(batch.first(keep - range.lowerBound)) }
      done(range.upperBound)
    }
    let result = TransferResult(
      attack: plan.name, source: source.name, victims: victims.map(\.name), epsilons: plan.epsilons,
      predictions: Tensor.concatenate(predictions, along: 2), labels: data.labels, targets: Tensor.concatenate(targets))
    return (result, kept.isEmpty ? nil : exampleSet(kept))
  }

  /// One batch with its adversarial forms.
  private struct Batch {
    let range: Range<Int>
    let original: Tensor
    let label: Tensor
    let target: Tensor
    let adversarial: [Tensor]

    func first(_ count: Int) -> Batch {
      guard count < range.count else { return self }
      let cut = { (tensor: Tensor) in tensor.narrow(0, 0, count).contiguous }
      return Batch(
        range: range.lowerBound..<range.lowerBound + count, original: cut(original), label: cut(label),
        target: cut(target), adversarial: adversarial.map(cut))
    }
  }

  private func attack(_ range: Range<Int>) throws -> Batch {
    let classifier = source.classifier
    let images = data.images(range).to(classifier.device)
    let labels = data.labels(range).to(classifier.device)
    let goal = plan.goal.goal(
      for: labels, images: images, first: range.lowerBound, classifier: classifier, seed: seed.derive("targets"))
    let adversarial = plan.attack.sweep(
      images, goal, epsilons: plan.epsilons, against: classifier, random: seed.derive("images \(range.lowerBound)"))
    for (epsilon, moved) in zip(plan.epsilons, adversarial) {
      let threat = plan.attack.threat(epsilon, against: classifier)
      try Perturbation.check(moved, of: images, within: threat, attack: plan.name)
    }
    let targets = goal.targets.map { $0.to(.cpu) } ?? data.labels(range) * 0 - 1
    return Batch(
      range: range, original: images, label: data.labels(range), target: targets, adversarial: adversarial)
  }

  /// int64 `[budgets, victims, n]`
  private func judge(_ batch: Batch) -> Tensor {
    Tensor.stack(
      batch.adversarial.map { images in
        Tensor.stack(victims.map { $0.classifier.predictions(images.to($0.classifier.device)).to(.cpu) })
      })
  }

  private func exampleSet(_ batches: [Batch]) -> ExampleSet {
    func joined(_ part: (Batch) -> Tensor) -> Tensor { Tensor.concatenate(batches.map { part($0).to(.cpu) }) }
    let origin = ExampleSet.Origin(
      data: data.name, classNames: data.classNames, valueRange: source.classifier.valueRange, source: source.name,
      sourceFingerprint: source.fingerprint, attack: plan.name, norm: plan.attack.norm.rawValue,
      parameters: plan.parameters, epsilons: plan.epsilons, seed: seed.value)
    let count = batches.reduce(0) { $0 + $1.range.count }
    let logits = batches.map { batch in
      withoutGradients { Tensor.stack(batch.adversarial.map(source.classifier.logits)) }
    }
    let judged = Tensor.concatenate(logits, along: 1).to(.cpu)
    return ExampleSet(
      origin: origin, original: joined { $0.original },
      adversarial: plan.epsilons.indices.map { budget in joined { $0.adversarial[budget] } },
      label: joined { $0.label }, target: joined { $0.target }, index: Tensor.range(count),
      predicted: judged.reshaped([-1, judged.shape[2]]).predictedClasses.reshaped([-1, count]),
      confidence: judged.softmax().max([2]))
  }
}
