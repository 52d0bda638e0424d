import Datasets
import Evaluation
import Foundation
import ImageSets
import ModelCore
import Support

/// Draws a study from stored adversarial examples.
///
/// Only examples that fool their source model are shown, and they are judged as the pictures that
/// are stored, with 8 bits a channel. An example counts as fooling if the prediction in the example
/// set is its target and, where the source model is available, if the model also predicts the
/// target for the stored picture.
///
/// The result is reproducible: the same design, seed and examples give the same bytes.
public struct StudySampler {
  public let design: StudyDesign
  let sets: [ExampleSet]
  let models: [Contestant]
  let pools: [CandidatePool]

  /// What was sampled.
  public struct Outcome: Codable, Sendable {
    public let folder: String
    /// The number of participants wanted, and the number of lists, which includes spare ones.
    public let participants: Int
    public let slots: Int
    /// The number of trials of a list, which includes practice.
    public let trialsEach: Int
    /// The number of different pictures in all lists.
    public let pictures: Int
    public let conditions: [Pool]
    /// The number of different pictures of the clean control and of the noise control in the lists.
    public let cleanControls: Int
    public let noiseControls: Int
    /// The names of source models that were not available to classify the stored pictures.
    public let unasked: [String]

    public struct Pool: Codable, Sendable {
      public let condition: Condition
      /// How many of the `examined` examples still fool the source model once they are stored.
      public let fooling: Int
      public let examined: Int
      /// The number of different pictures of the condition in the lists.
      public let shown: Int
    }
  }

  /// Selects the examples that the design may show.
  /// - Parameters:
  ///   - sets: stored examples. Sets of other attacks or models than the design's are ignored.
  ///   - models: the models that are available. A source model is recognised by its fingerprint and
  ///     classifies the stored pictures again. Every model predicts every picture of the study, so
  ///     that people can be compared with models.
  /// - Throws: `Failure.missing` if examples of a model, attack or budget of the design are
  ///   missing, `Failure.badData` if examples are not pictures or are made of different images.
  public init(_ design: StudyDesign, sets: [ExampleSet], models: [Contestant] = []) throws {
    self.design = design
    let known = sets.filter { design.attacks.contains($0.origin.attack) }
    let available = sets.map { "\($0.origin.attack) on \($0.origin.source)" }
      .joined(separator: ", ")
    let names =
      design.models
      ?? known.reduce(into: []) {
        if !$0.contains($1.origin.source) { $0.append($1.origin.source) }
      }
    var chosen: [ExampleSet] = []
    for attack in design.attacks {
      for name in names.isEmpty ? ["any model"] : names {
        let found = known.filter { $0.origin.attack == attack && $0.origin.source == name }
        guard let set = found.first, found.count == 1 else {
          throw Failure.missing(
            "expected one set of examples of \(attack) on \(name), found "
              + (found.isEmpty ? "none" : "\(found.count)"),
            hint: available.isEmpty
              ? "there are no examples at all" : "there are examples of \(available)")
        }
        chosen.append(set)
      }
    }
    try Self.check(chosen)
    self.sets = chosen
    self.models = models
    pools = try chosen.flatMap { set in
      let judge = models.first { $0.fingerprint == set.origin.sourceFingerprint }
      return try Self.budgets(design, set).map {
        try CandidatePool(set, budget: $0, images: design.imagesPerClass, judge: judge)
      }
    }
  }

  /// The places of the design's budgets in an example set. If the design names none, it is the
  /// place of the last and largest budget.
  private static func budgets(_ design: StudyDesign, _ set: ExampleSet) throws -> [Int] {
    let stored = set.origin.epsilons
    guard let wanted = design.epsilons else { return stored.indices.suffix(1) }
    return try wanted.map { epsilon in
      guard let place = stored.firstIndex(of: epsilon) else {
        throw Failure.missing(
          "there are no examples of \(set.origin.attack) on \(set.origin.source) with the budget "
            + epsilon.plainDecimal,
          hint: "available budgets: " + stored.map(\.plainDecimal).joined(separator: ", "))
      }
      return place
    }
  }

  /// Checks that all sets are made of the same images, and that these are pictures.
  private static func check(_ sets: [ExampleSet]) throws {
    guard let first = sets.first else { throw Failure.usage("a study needs examples") }
    for set in sets {
      let (a, b) = (first.origin, set.origin)
      guard a.data == b.data, a.classNames == b.classNames, a.valueRange == b.valueRange,
        set.original.shape.dropFirst() == first.original.shape.dropFirst()
      else {
        throw Failure.badData(
          "the examples of a study must be made of the same images: \(b.attack) on \(b.source) "
            + "(\(b.data)) has other data, classes, pixel range or shape than \(a.attack) on "
            + "\(a.source) (\(a.data))")
      }
      let shape = InputShape(ofBatch: set.original.shape)
      guard shape.isPicture else {
        throw Failure.badData(
          "a human study shows pictures; \(b.data) has rows of \(shape.count) numbers")
      }
      guard [1, 3].contains(shape.channels) else {
        throw Failure.badData(
          "a study shows pictures with 1 or 3 channels; \(b.data) has \(shape.channels) channels")
      }
    }
  }

  /// Draws the lists and writes the study into a folder.
  /// - Throws: `Failure.badData` with the available counts if the design cannot be satisfied,
  ///   `Failure.cannotWrite` if the folder already has answers.
  public func sample(into folder: StudyFolder, progress: ProgressDisplay = ProgressDisplay(.quiet))
    throws -> Outcome
  {
    guard !folder.hasAnswers else {
      throw Failure.cannotWrite(
        "\(folder.url.path) has answers already, and sampling would replace the study",
        hint: "choose another folder with --out, or move this one away")
    }
    let originals = Original.all(sets)
    let attacked = Set(pools.flatMap { $0.candidates.joined().map(\.index) })
    let (checks, practice) = Original.shares(originals, attacked: attacked, design)
    let lists = StudyLists(
      design: design, pools: pools, checks: checks, practice: practice,
      controls: Controls(pools, seed: design.seed))
    // A language that cannot be read is refused before anything is written.
    let texts = try StudyTexts(design.language)
    let entries = try lists.lists()
    let origin = sets[0].origin
    var drawn: [StudyLists.Item: (stimulus: Stimulus, picture: Picture)] = [:]
    for entry in entries.joined() where drawn[entry.item] == nil {
      drawn[entry.item] = stimulus(entry.item, lists, originals, origin.data)
    }
    let pictures = drawn.values.sorted { $0.stimulus.name < $1.stimulus.name }
    let writer = StudyWriter(
      design: design, folder: folder, classNames: origin.classNames, scale: scale, texts: texts)
    var key: [Stimulus] = []
    try writer.begin()
    progress.begin("study pictures", total: pictures.count, unit: "pictures")
    for (stimulus, picture) in pictures {
      key.append(try writer.write(stimulus, picture))
      progress.update(key.count)
    }
    progress.end(nil)
    let trials = entries.enumerated().flatMap { slot, list in
      list.enumerated().map { position, entry in
        Trial(
          slot: slot + 1, position: position + 1, phase: entry.phase,
          stimulus: drawn[entry.item]!.stimulus.name)
      }
    }
    try writePredictions(of: pictures, range: origin.valueRange, to: folder)
    try writer.finish(key: key, trials: trials, pools: pools, originals: originals)
    return Outcome(
      folder: folder.url.path, participants: design.participants, slots: entries.count,
      trialsEach: entries[0].count, pictures: pictures.count,
      conditions: pools.map { pool in
        Outcome.Pool(
          condition: pool.condition, fooling: pool.candidates.joined().count,
          examined: pool.examined.reduce(0, +),
          shown: key.count { $0.condition == pool.condition })
      },
      cleanControls: key.count { $0.kind == .cleanControl },
      noiseControls: key.count { $0.kind == .noiseControl },
      unasked: sets.filter { set in
        !models.contains { $0.fingerprint == set.origin.sourceFingerprint }
      }
      .map(\.origin.source).reduce(into: []) { if !$0.contains($1) { $0.append($1) } })
  }

  /// The side of the block of pixels that each pixel becomes. If the design does not state it,
  /// pictures become about 280 pixels high.
  private var scale: Int { design.scale ?? max(1, 280 / sets[0].original.shape[2]) }

  /// The picture of an item of a list, and its row in the key.
  private func stimulus(
    _ item: StudyLists.Item, _ lists: StudyLists, _ originals: [Original], _ data: String
  ) -> (Stimulus, Picture) {
    // The name is a hash of the seed and of what the picture is. So it tells nothing about the
    // picture, and it does not change when lists are added.
    func name(_ what: String) -> String {
      "s" + Digest.hex(of: "\(design.seed.derive("study names").value)/\(what)").prefix(12)
    }
    func unchanged(_ original: Original, _ kind: Stimulus.Kind) -> (Stimulus, Picture) {
      (
        Stimulus(
          name: name("\(kind) \(original.index)"), sha256: "", kind: kind, data: data,
          index: original.index, label: original.label), original.picture
      )
    }
    switch item {
    case .clean(let place): return unchanged(lists.checks[place], .clean)
    case .practice(let place): return unchanged(lists.practice[place], .practice)
    case .control(let item):
      let candidate = pools[item.condition].candidates[item.label][item.place]
      let original = originals.first { $0.index == candidate.index }!.picture
      let what = "\(item.kind) \(candidate.index)"
      let stimulus = Stimulus(
        name: name(what), sha256: "", kind: item.kind, data: data, index: candidate.index,
        label: item.label, target: candidate.target)
      let isClean = item.kind == .cleanControl
      let noise = design.seed.derive("study noise").derive(what)
      return (
        stimulus,
        isClean ? original : Controls.noise(original, like: candidate.picture, seed: noise)
      )
    case .adversarial(let number, let label, let place):
      let condition = pools[number].condition
      let candidate = pools[number].candidates[label][place]
      let stimulus = Stimulus(
        name: name("\(condition.name) \(candidate.index) \(candidate.target)"), sha256: "",
        kind: .adversarial, data: data, index: candidate.index, label: label,
        target: candidate.target, source: condition.source, attack: condition.attack,
        epsilon: condition.epsilon, predicted: candidate.predicted,
        confidence: candidate.confidence)
      return (stimulus, candidate.picture)
    }
  }

  /// Writes `predictions.csv`: the class that every available model predicts for every picture.
  private func writePredictions(
    of pictures: [(stimulus: Stimulus, picture: Picture)], range: ClosedRange<Double>,
    to folder: StudyFolder
  ) throws {
    guard !models.isEmpty else { return }
    let shape = pictures[0].picture.shape
    // bytes: uint8 [N, C, H, W]
    let bytes = Tensor(pictures.flatMap(\.picture.pixels), shape: [pictures.count] + shape.sizes)
    var predictions: [ModelAnswer] = []
    for model in models {
      let predicted = try answers(of: model, to: bytes, range: range).classes
      // A prediction below 0 is missing, because the model's logits are not numbers (NaN).
      for (picture, label) in zip(pictures, predicted) where label >= 0 {
        predictions.append(
          ModelAnswer(stimulus: picture.stimulus.name, model: model.name, predicted: label))
      }
    }
    try folder.write(predictions)
  }
}
