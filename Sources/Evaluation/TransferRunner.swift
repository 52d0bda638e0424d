import Attacks
import Datasets
import ModelCore
import Support

/// Runs one attack on one source model and shows its examples to every victim.
///
/// Each batch is attacked once for all budgets, checked against them, and shown to all victims
/// while it is still in the processor's cache. Only the predictions, the sizes of the perturbations
/// and the examples that are kept grow with the number of images.
public struct TransferRunner {
  public let plan: AttackPlan
  public let source: Contestant
  public let victims: [Contestant]
  public let data: LabelledImages
  public let seed: Seed
  public let evaluator: Evaluator
  /// How many times each victim is shown each example; more than once for models that compute with
  /// random numbers.
  public let judgements: Int
  /// The training images that the attack learns from; nil if it needs none.
  private let lesson: LabelledImages?

  /// - Parameters:
  ///   - data: the images to attack. If the plan has a number of images of its own, only that many
  ///     are attacked.
  ///   - training: gives the training images of the data. It is called only for an attack that
  ///     learns from training images.
  /// - Throws: `Failure` if there are fewer images, if the attack cannot be run on the source, or if
  ///   the plan is limited by masks that the data do not have.
  public init(
    plan: AttackPlan, source: Contestant, victims: [Contestant], data: LabelledImages, seed: Seed,
    evaluator: Evaluator = Evaluator(), judgements: Int = 1,
    training: () throws -> LabelledImages? = { nil }
  ) throws {
    precondition(judgements >= 1, "expected at least one judgement, found \(judgements)")
    self.judgements = judgements
    self.plan = plan
    self.source = source
    self.victims = victims
    self.data = try plan.count.map { try data.first($0) } ?? data
    self.seed = seed
    self.evaluator = evaluator
    try plan.check(against: source.classifier)
    try plan.checkMasks(of: self.data)
    lesson = try plan.lesson(from: training, seed: seed)
    if let lesson {
      try source.classifier.checkAccepts(lesson, model: source.name)
      try plan.checkMasks(of: lesson)
    }
  }

  /// The digest of everything that the predictions depend on, and of nothing else. The size and the
  /// order of batches and the number of threads are not part of it.
  public var request: String {
    let parts =
      [
        "transfer 6", plan.name, plan.text, "\(plan.epsilons)", data.fingerprint, "\(seed.value)",
        source.classifier.device.kind, source.fingerprint,
      ] + victims.map { "\($0.name) \($0.fingerprint)" }
      + (judgements == 1 ? [] : ["judgements \(judgements)"])
      + (lesson.map { ["lesson \($0.fingerprint)"] } ?? [])
    return Digest.hex(of: parts.joined(separator: "\n"))
  }

  /// The number of examples of each image. The examples of an image follow each other.
  private var perImage: Int { plan.goal.examplesPerImage(classCount: data.classCount) }

  /// The number of examples.
  public var count: Int { data.count * perImage }

  /// The number of examples of the first images, or of all if there are fewer. Images without a
  /// goal have none.
  func examples(ofImages images: Int) -> Int {
    let labels = data.labels.narrow(0, 0, min(images, data.count))
    return plan.goal.aimed(labels).count * perImage
  }

  /// Runs the attack over all images.
  /// - Parameters:
  ///   - keep: the number of images, counted from the first, whose examples are returned.
  ///   - journal: stores each finished batch, so that an interrupted attack can be continued; nil
  ///     stores nothing.
  ///   - done: called with the number of examples that are done, before each forward pass of the
  ///     attack and after each batch.
  /// - Returns: the predictions, and the examples; nil if `keep` is 0.
  /// - Throws: `Failure` if an example exceeds its budget or the value range, or if the journal
  ///   cannot be written.
  public func run(
    keep: Int, journal: BatchJournal? = nil, done: @escaping (AttackProgress) -> Void
  ) throws -> (result: TransferResult, examples: ExampleSet?) {
    let kept = keptExamples(ofImages: keep)
    var predictions = Rows<Int64>(plan.epsilons.count * victims.count, length: count)
    var clean = Rows<Int64>(victims.count, length: count)
    var targets = Rows<Int64>(1, length: count)
    var judged = Rows<UInt8>(
      judgements == 1 ? 0 : judgements * plan.epsilons.count * victims.count, length: count)
    var sizes = Rows<Float>(plan.epsilons.count * Norm.allCases.count, length: count)
    var cost = AttackCost()
    var computed: [ComputationRecord] = []
    var keptBatches: [[Tensor]] = []
    var ready: AttackPlan?
    for range in evaluator.batches(count) {
      let outcome = try batch(range, keep: kept, journal, &ready, done)
      predictions.append(outcome.predictions.int64s())
      clean.append(outcome.clean.int64s())
      targets.append(outcome.targets.int64s())
      sizes.append(outcome.sizes.floats())
      if let right = outcome.judged { judged.append(right.bytes()) }
      cost = cost + outcome.cost
      if !computed.contains(outcome.computed) { computed.append(outcome.computed) }
      if !outcome.kept.isEmpty { keptBatches.append(outcome.kept) }
      done(AttackProgress(examples: Double(range.upperBound)))
    }
    let result = TransferResult(
      attack: plan.name, source: source.name, victims: victims.map(\.name), epsilons: plan.epsilons,
      predictions: Tensor(predictions.all, shape: [plan.epsilons.count, victims.count, count]),
      clean: Tensor(clean.all, shape: [victims.count, count]), labels: labels(0..<count),
      targets: Tensor(targets.all, shape: [count]),
      sizes: Tensor(sizes.all, shape: [plan.epsilons.count, Norm.allCases.count, count]),
      examplesPerImage: perImage,
      cost: cost, computed: computed, index: data.places.map { _ in indices(0..<count) },
      judged: judgements == 1
        ? nil
        : Tensor(judged.all, shape: [judgements, plan.epsilons.count, victims.count, count]))
    let hasExamples = examples(ofImages: keep) > 0
    return (result, hasExamples ? exampleSet(keptBatches, kept, result) : nil)
  }

  /// The number of examples in a part of the batches.
  func count(of part: AttackPart) -> Int {
    part.share(of: evaluator.batches(count)).map(\.count).reduce(0, +)
  }

  /// Computes the batches of a part that the journal does not have.
  /// - Parameters: those of `run`.
  func compute(
    _ part: AttackPart, keep: Int, journal: BatchJournal,
    done: @escaping (AttackProgress) -> Void
  ) throws {
    let ranges = part.share(of: evaluator.batches(count))
    let (first, kept) = (ranges.first?.lowerBound ?? 0, keptExamples(ofImages: keep))
    var ready: AttackPlan?
    for range in ranges {
      _ = try batch(range, keep: kept, journal, &ready) {
        done($0.counted(from: first))
      }
      done(AttackProgress(examples: Double(range.upperBound - first)))
    }
  }

  /// Whether a journal has all batches of a part.
  func isStored(_ part: AttackPart, keep: Int, in journal: BatchJournal) -> Bool {
    let kept = keptExamples(ofImages: keep)
    return part.share(of: evaluator.batches(count)).allSatisfy { range in
      journal.read(range).map { isComplete($0, range, kept) } ?? false
    }
  }

  /// The number of examples, counted from the first, that are kept of the first images, of which
  /// there may be fewer.
  private func keptExamples(ofImages images: Int) -> Int { min(images, data.count) * perImage }

  /// A batch from the journal, or a new one that the journal gets.
  /// - Parameter ready: the plan once its attack has learned what it needs. It learns before the
  ///   first batch that is not in the journal.
  private func batch(
    _ range: Range<Int>, keep kept: Int, _ journal: BatchJournal?, _ ready: inout AttackPlan?,
    _ done: @escaping (AttackProgress) -> Void
  ) throws -> BatchOutcome {
    if let known = journal?.read(range), isComplete(known, range, kept) { return known }
    if journal != nil { try Interruption.stopIfRequested() }
    let learned = ready ?? prepared(before: range, done)
    ready = learned
    let outcome = try fire(
      learned, range, keeping: max(0, min(kept - range.lowerBound, range.count)), done)
    try journal?.write(outcome, range)
    return outcome
  }

  /// Whether a batch from a journal has everything that is needed now.
  private func isComplete(_ outcome: BatchOutcome, _ range: Range<Int>, _ kept: Int) -> Bool {
    let wanted = max(0, min(kept - range.lowerBound, range.count))
    return outcome.predictions.shape.prefix(2) == [plan.epsilons.count, victims.count]
      && outcome.judged?.shape[0] ?? 1 == judgements
      && (wanted == 0 || outcome.kept.count == plan.epsilons.count)
      && outcome.kept.allSatisfy { $0.shape == [wanted] + data.shape.sizes }
  }

  /// The plan, whose attack has learned what it needs from the training images. The passes of the
  /// learning are shown as progress, and are not part of the cost of an example.
  private func prepared(
    before range: Range<Int>, _ done: @escaping (AttackProgress) -> Void
  ) -> AttackPlan {
    guard let lesson else { return plan }
    let classifier = QueryCounter(source.classifier) {
      done(AttackProgress(passes: $0, of: nil, in: range))
    }
    let batch = lesson.batch(0..<lesson.count).to(classifier.device)
    return plan.prepared(
      by: TrainingSample(
        images: batch.images, labels: batch.labels, masks: batch.annotations.masks),
      against: classifier, seed: seed)
  }

  /// Attacks one batch of examples and shows it to the victims.
  private func fire(
    _ plan: AttackPlan, _ range: Range<Int>, keeping kept: Int,
    _ done: @escaping (AttackProgress) -> Void
  ) throws -> BatchOutcome {
    // images, adversarial [n, C, H, W] or [n, D], labels [n]
    let most = plan.mostPasses(against: source.classifier)
    let classifier = QueryCounter(source.classifier) {
      done(AttackProgress(passes: $0, of: most, in: range))
    }
    let batch = self.batch(range).to(classifier.device)
    let images = batch.images
    let started = ContinuousClock.now
    // Random numbers belong to examples, which are counted over all batches. So they do not depend
    // on the size of a batch.
    func draws(_ purpose: String) -> ExampleDraws {
      ExampleDraws(seed.derive(purpose), examples: Array(range), device: classifier.device)
    }
    let masks = batch.annotations.masks
    let (adversarial, targets) = plan.sweep(
      images, labels: batch.labels, masks: masks, against: classifier, draws: draws)
    let region = plan.region(masks)
    for (epsilon, moved) in zip(plan.epsilons, adversarial) {
      let threat = plan.attack.threat(epsilon, against: classifier)
      try Perturbation.check(moved, of: images, within: threat, in: region, attack: plan.name)
    }
    let cost = AttackCost(
      forwards: classifier.forwards, backwards: classifier.backwards,
      seconds: (ContinuousClock.now - started).seconds)
    let predictions = Tensor.stack(adversarial.map(judge))
    return BatchOutcome(
      // For a budget of 0 the images are unchanged, so their predictions need not be computed
      // twice.
      predictions: predictions,
      clean: plan.epsilons.first == 0 ? predictions.select(0, 0) : judge(images),
      judged: judgements == 1 ? nil : judgeAgain(adversarial, predictions, batch.labels.to(.cpu)),
      targets: targets.to(.cpu),
      sizes: Tensor.stack(adversarial.map { sizes($0 - images) }), cost: cost,
      computed: .current(device: classifier.device),
      kept: kept == 0 ? [] : adversarial.map { $0.narrow(0, 0, kept).contiguous.to(.cpu) })
  }

  /// The class that every victim predicts for each image, int64 `[victims, n]`.
  private func judge(_ images: Tensor) -> Tensor {
    Tensor.stack(
      victims.map { $0.classifier.predictions(images.to($0.classifier.device)).to(.cpu) })
  }

  /// Whether every victim is right about each example in each judgement, of which the first is
  /// given, uint8 `[judgements, budgets, victims, n]`.
  private func judgeAgain(_ adversarial: [Tensor], _ first: Tensor, _ labels: Tensor) -> Tensor {
    let others = (1..<judgements).map { _ in Tensor.stack(adversarial.map(judge)) }
    return Tensor.stack(([first] + others).map { $0.equals(labels).to(.uint8) })
  }

  /// The size of each perturbation in each norm, float32 `[norms, n]`.
  private func sizes(_ perturbations: Tensor) -> Tensor {
    Tensor.stack(Norm.allCases.map { $0.size(perturbations) }).to(.cpu)
  }

  // MARK: Examples and their images

  /// The index of the image that each example of a range is made from, int64 `[n]`.
  private func places(_ range: Range<Int>) -> Tensor {
    Tensor(labels: range.map { $0 / perImage })
  }

  /// The index in the whole data set of the image that each example of a range is made from, int64
  /// `[n]`.
  private func indices(_ range: Range<Int>) -> Tensor {
    guard let indices = data.places else { return places(range) }
    return Tensor(labels: range.map { indices[$0 / perImage] })
  }

  /// The images that the examples of a range are made from. An image is repeated for each of its
  /// examples.
  private func batch(_ range: Range<Int>) -> Batch {
    perImage == 1 ? data.batch(range) : data.batch(at: places(range))
  }

  private func labels(_ range: Range<Int>) -> Tensor {
    data.annotations.at(places(range)).labels
  }

  private func exampleSet(_ batches: [[Tensor]], _ count: Int, _ result: TransferResult)
    -> ExampleSet
  {
    let origin = ExampleSet.Origin(
      data: data.name, classNames: data.classNames, valueRange: source.classifier.valueRange,
      source: source.name,
      sourceFingerprint: source.fingerprint, attack: plan.name, norm: plan.attack.norm.rawValue,
      parameters: plan.parameters, epsilons: plan.epsilons, seed: seed.value,
      request: request)
    // Images that were not attacked have no example.
    let rows = result.attacked.map { $0.to(.cpu) }?.int64s().filter { $0 < count }
    let kept = rows.map { Tensor($0, shape: [$0.count]) }
    func part(_ tensor: Tensor) -> Tensor { kept.map { tensor.indexSelect(0, $0) } ?? tensor }
    let adversarial = plan.epsilons.indices.map { budget in
      part(Tensor.concatenate(batches.map { $0[budget] }))
    }
    let left = kept?.count ?? count
    let logits = adversarial.map { images in
      let parts = evaluator.batches(left).map { range in
        let batch = images.narrow(0, range.lowerBound, range.count).to(source.classifier.device)
        return withoutGradients { source.classifier.logits(batch) }.to(.cpu)
      }
      return Tensor.concatenate(parts)
    }
    let judged = Tensor.stack(logits)
    return ExampleSet(
      origin: origin, original: part(batch(0..<count).images), adversarial: adversarial,
      label: part(labels(0..<count)), target: part(result.targets.narrow(0, 0, count)),
      index: part(indices(0..<count)),
      predicted: judged.reshaped([-1, judged.shape[2]]).predictedClasses.reshaped([-1, left]),
      confidence: judged.softmax().max([2]))
  }
}

/// Rows that grow batch by batch.
///
/// Their memory is allocated at the start: small blocks that are allocated between the large
/// tensors of batches would prevent the reuse of freed memory.
private struct Rows<Element> {
  private var rows: [[Element]]

  init(_ count: Int, length: Int) {
    rows = (0..<count).map { _ in
      var row: [Element] = []
      row.reserveCapacity(length)
      return row
    }
  }

  /// Appends its part of a batch `[rows, n]` to every row.
  mutating func append(_ batch: [Element]) {
    let share = batch.count / rows.count
    for row in rows.indices { rows[row] += batch[row * share..<(row + 1) * share] }
  }

  var all: [Element] { rows.flatMap { $0 } }
}
