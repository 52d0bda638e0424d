import Datasets
import Evaluation
import Foundation
import ImageSets
import ModelCore
import Support

/// A model by its name, to be asked about pictures.
public struct NamedClassifier: Sendable {
  public let name: String
  public let fingerprint: String
  public let classifier: any Classifier

  public init(name: String, fingerprint: String, classifier: any Classifier) {
    self.name = name
    self.fingerprint = fingerprint
    self.classifier = classifier
  }
}

/// Draws a study from stored adversarial examples.
///
/// Pictures are judged as they are stored, with 8 bits a channel: an example counts as fooling if
/// what is stored of its model's answers says so and, where the model is at hand, if it still
/// answers so. The same design, seed and examples give the same bytes.
public struct StudySampler {
  public let design: StudyDesign
  let sets: [ExampleSet]
  let models: [NamedClassifier]
  let pools: [CandidatePool]

  /// What was sampled.
  public struct Outcome: Codable, Sendable {
    public let folder: String
    public let participants: Int
    public let slots: Int
    public let trialsEach: Int
    public let pictures: Int
    /// For each condition how many pictures could be shown, and of how many examples.
    public let conditions: [Pool]
    /// Models that were not at hand to look at the pictures as they are stored.
    public let unasked: [String]

    public struct Pool: Codable, Sendable {
      public let condition: Condition
      public let fooling: Int
      public let examined: Int
      /// How many different pictures of it are in the lists.
      public let shown: Int
    }
  }

  /// - Parameters:
  ///   - sets: stored examples; those of other attacks or models than the design's are passed over.
  ///   - models: models at hand. Those the examples were made on are recognised by their
  ///     fingerprint and asked again; all are asked about every picture, to be compared with
  ///     people.
  /// - Throws: `Failure` if there are no examples of a model and attack of the design, or sets do
  ///   not go together.
  public init(_ design: StudyDesign, sets: [ExampleSet], models: [NamedClassifier] = []) throws {
    self.design = design
    let known = sets.filter { design.attacks.contains($0.origin.attack) }
    let there = sets.map { "\($0.origin.attack) on \($0.origin.source)" }.joined(separator: ", ")
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
            "there are \(found.isEmpty ? "no" : "several sets of") examples of \(attack) on \(name)",
            hint: "there are examples of " + (there.isEmpty ? "nothing" : there))
        }
        chosen.append(set)
      }
    }
    try Self.checkKinship(chosen)
    self.sets = chosen
    self.models = models
    pools = try chosen.flatMap { set in
      let judge = models.first { $0.fingerprint == set.origin.sourceFingerprint }
      return try Self.budgets(design, set).map {
        try CandidatePool(set, budget: $0, images: design.imagesPerClass, judge: judge?.classifier)
      }
    }
  }

  private static func budgets(_ design: StudyDesign, _ set: ExampleSet) throws -> [Int] {
    let stored = set.origin.epsilons
    guard let wanted = design.epsilons else { return stored.indices.suffix(1) }
    return try wanted.map { epsilon in
      guard let place = stored.firstIndex(of: epsilon) else {
        throw Failure.missing(
          "there are no examples of \(set.origin.attack) on \(set.origin.source) with \(epsilon.plainDecimal)",
          hint: "there are some with " + stored.map(\.plainDecimal).joined(separator: ", "))
      }
      return place
    }
  }

  /// Sets that are compared are made of the same images.
  private static func checkKinship(_ sets: [ExampleSet]) throws {
    guard let first = sets.first else { throw Failure.usage("a study needs examples") }
    for set in sets {
      let (a, b) = (first.origin, set.origin)
      guard a.data == b.data, a.classNames == b.classNames, a.valueRange == b.valueRange,
        set.original.shape.dropFirst() == first.original.shape.dropFirst()
      else {
        throw Failure.badData(
          "the examples of \(b.attack) on \(b.source) are of other images than those of \(a.attack) on \(a.source): "
            + "\(b.data), \(a.data)")
      }
      guard [1, 3].contains(set.original.shape[1]) else {
        throw Failure.badData(
          "a picture has one or three channels, these examples have \(set.original.shape[1])")
      }
    }
  }

  /// Draws the lists and writes the study.
  /// - Throws: `Failure.badData` with the counts that were available if the design cannot be
  ///   satisfied, and `Failure.cannotWrite` if the folder has answers already.
  public func sample(into folder: StudyFolder, progress: ProgressDisplay = ProgressDisplay(.quiet))
    throws -> Outcome
  {
    guard !folder.hasAnswers else {
      throw Failure.cannotWrite(
        "\(folder.url.path) has answers already",
        hint: "choose another folder with --out, or move this one away")
    }
    let originals = Original.all(sets)
    let attacked = Set(pools.flatMap { $0.candidates.joined().map(\.index) })
    let (checks, practice) = Original.shares(originals, attacked: attacked, design)
    let lists = StudyLists(design: design, pools: pools, checks: checks, practice: practice)
    let entries = try lists.lists()
    let origin = sets[0].origin
    var drawn: [StudyLists.Item: (stimulus: Stimulus, picture: Picture)] = [:]
    for entry in entries.joined() where drawn[entry.item] == nil {
      drawn[entry.item] = stimulus(entry.item, lists, origin.data)
    }
    let pictures = drawn.values.sorted { $0.stimulus.name < $1.stimulus.name }
    let writer = StudyWriter(
      design: design, folder: folder, classNames: origin.classNames, scale: scale)
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
    try writeAnswers(of: pictures, range: origin.valueRange, to: folder)
    try writer.finish(key: key, trials: trials, pools: pools, originals: originals)
    return Outcome(
      folder: folder.url.path, participants: design.participants, slots: entries.count,
      trialsEach: entries[0].count,
      pictures: pictures.count,
      conditions: pools.map { pool in
        Outcome.Pool(
          condition: pool.condition, fooling: pool.candidates.joined().count,
          examined: pool.examined.reduce(0, +),
          shown: key.count { $0.condition == pool.condition })
      },
      unasked: sets.filter { set in
        !models.contains { $0.fingerprint == set.origin.sourceFingerprint }
      }
      .map(\.origin.source).reduce(into: []) { if !$0.contains($1) { $0.append($1) } })
  }

  /// Pictures are about 280 pixels high unless the design says otherwise.
  private var scale: Int { design.scale ?? max(1, 280 / sets[0].original.shape[2]) }

  private func stimulus(_ item: StudyLists.Item, _ lists: StudyLists, _ data: String) -> (
    Stimulus, Picture
  ) {
    // The name is a hash under the master seed: it tells nothing, and stays when lists are added.
    func name(_ what: String) -> String {
      "s" + Digest.hex(of: "\(design.seed.derive("study names").value)/\(what)").prefix(12)
    }
    func unchanged(_ original: Original, _ kind: Stimulus.Kind) -> (Stimulus, Picture) {
      (
        Stimulus(
          name: name("\(kind) \(original.index)"), sha256: "", kind: kind, data: data,
          index: original.index,
          label: original.label), original.picture
      )
    }
    switch item {
    case .clean(let place): return unchanged(lists.checks[place], .clean)
    case .practice(let place): return unchanged(lists.practice[place], .practice)
    case .adversarial(let number, let label, let place):
      let condition = pools[number].condition
      let candidate = pools[number].candidates[label][place]
      let stimulus = Stimulus(
        name: name("\(condition.name) \(candidate.index) \(candidate.target)"), sha256: "",
        kind: .adversarial,
        data: data,
        index: candidate.index, label: label, target: candidate.target, source: condition.source,
        attack: condition.attack, epsilon: condition.epsilon, predicted: candidate.predicted,
        confidence: candidate.confidence)
      return (stimulus, candidate.picture)
    }
  }

  /// What every model at hand says about every picture.
  private func writeAnswers(
    of pictures: [(stimulus: Stimulus, picture: Picture)], range: ClosedRange<Double>,
    to folder: StudyFolder
  ) throws {
    guard !models.isEmpty else { return }
    let shape = pictures[0].picture.shape
    let bytes = Tensor(pictures.flatMap(\.picture.pixels), shape: [pictures.count] + shape.sizes)
    var predictions: [ModelAnswer] = []
    for model in models {
      let said = try answers(of: model.classifier, named: model.name, to: bytes, range: range)
        .classes
      for (picture, label) in zip(pictures, said) where label >= 0 {
        predictions.append(
          ModelAnswer(stimulus: picture.stimulus.name, model: model.name, predicted: label))
      }
    }
    try folder.write(predictions)
  }
}
