import Datasets
import Defenses
import Foundation
import ModelCore
import Support

/// Looks for the models of the entry `another` of an experiment, one step after the other, and
/// measures each. Everything that is measured is stored, so a run that was killed continues where it
/// was.
struct ExplanationSearch {
  let run: ExperimentRun
  let plan: AnotherPlan
  let training: TrainingImages
  let test: LabelledImages
  /// The models that are compared and exist, in order.
  private(set) var members: [Contestant] = []
  /// The digest of everything that the measurements depend on besides the models.
  private let basis: [String]
  private let addsMasks: Bool
  private let validation: ValidationImages

  /// - Throws: `Failure` if more images are to be held out than there are.
  init(
    _ run: ExperimentRun, _ found: AnotherTraining, training: TrainingImages, test: LabelledImages
  ) throws {
    self.run = run
    plan = found.plan
    self.training = training
    self.test = test
    addsMasks = found.usesMasks
    validation = found.recipe.settings.validation
    basis = [
      "another 1", run.device.kind, training.train.facts.fingerprint, test.fingerprint,
      validation == .data ? training.validation?.facts.fingerprint ?? "" : "\(validation)",
      "\(plan.method) \(plan.cutoff) \(plan.leastAccuracy) \(plan.leastNew) \(addsMasks)",
    ]
    // More images than there are cannot be held out. This is known before anything is trained.
    if training.train.facts.count - 2 < validation.heldOutCount { _ = try parts() }
  }

  /// The training images that are learned from, and those that are held out; nil if none are.
  private func parts() throws -> (learned: LabelledImages, heldOut: LabelledImages?) {
    let train = try training.train.images()
    switch validation {
    case .heldOut(0): return (train, nil)
    case .heldOut(let count):
      let (rest, heldOut) = try ModelTraining.split(train, count)
      return (rest, heldOut)
    case .data: return (train, try training.validation?.images())
    }
  }

  /// Tells the search that a model of the experiment exists, which may be the first one.
  mutating func note(_ model: Contestant) {
    if plan.method == .sequential, model.name == plan.of { members = [model] }
  }

  /// The next model: trained and measured, unless the folder has it. Called for every model that is
  /// looked for, in order.
  /// - Returns: nil if the step is left open, and `.some(nil)` if the search stopped before the model.
  mutating func next(_ model: ModelPlan, _ found: AnotherTraining) throws
    -> ExperimentRun.Entrant??
  {
    let search = self
    let entrant = try run.step(.model(model.name)) {
      try search.stored(model, found)
    } _: {
      .some(try search.find(model, found))
    }
    if case .some(.some(let entrant)) = entrant { members.append(entrant.contestant) }
    return entrant
  }

  /// What `stored` returns, after which the search goes on with the next model.
  mutating func revisit(
    _ model: ModelPlan, _ found: AnotherTraining
  ) throws -> ExperimentRun.Entrant?? {
    let stored = try stored(model, found)
    if case .some(.some(let entrant)) = stored { members.append(entrant.contestant) }
    return stored
  }

  /// What the folder has of a model: nil if nothing, and `.some(nil)` if it does not exist because
  /// the search stopped before it.
  func stored(_ model: ModelPlan, _ found: AnotherTraining) throws -> ExperimentRun.Entrant?? {
    if plan.method == .sequential {
      guard let last = members.last, let before = file(of: last)?.model else { return nil }
      if before.stop != nil || members.count < found.number - 1 {
        let file = OtherModelFile.read(run.folder.another(model.name), request: absence)
        return file == nil ? nil : .some(nil)
      }
    }
    guard run.isThere(model, training, after: members) else { return nil }
    let entrant = try run.entrant(
      model, run.load(model, training, test, after: members), test)
    return file(of: entrant.contestant) == nil ? nil : .some(entrant)
  }

  private func find(_ model: ModelPlan, _ found: AnotherTraining) throws -> ExperimentRun.Entrant? {
    if plan.method == .sequential {
      guard let last = members.last else { preconditionFailure("the first model is missing") }
      let before = try measured(last, number: members.count)
      if before.stop != nil || members.count < found.number - 1 {
        try OtherModelFile(request: absence, stoppedAfter: last.name).write(
          to: run.folder.another(model.name))
        return nil
      }
    }
    let entrant = try run.entrant(
      model, run.load(model, training, test, after: members), test)
    _ = try measured(entrant.contestant, number: found.number)
    return entrant
  }

  // MARK: Measurements

  /// The stored measurements of the models that exist, in order.
  var files: [OtherModelFile] { members.compactMap(file) }

  /// The summary of the search; nil if no model has been looked for.
  func summary(_ disagreements: Disagreements) -> OtherExplanations? {
    let models = files.compactMap(\.model)
    return models.isEmpty
      ? nil : OtherExplanations(plan, models, images: test.count, disagreements)
  }

  /// What the codes mean; nil for a search in the inputs themselves.
  func codePictures() throws -> CodePictures? {
    guard let codes = try run.autoencoder(training)?.run() else { return nil }
    return CodePictures(codes, of: try codes.table(of: training.train.images(), run.evaluator))
  }

  private func file(of member: Contestant) -> OtherModelFile? {
    OtherModelFile.read(run.folder.another(member.name), request: request(member))
  }

  /// The digest of everything that the measurements of a model depend on.
  private func request(_ member: Contestant) -> String {
    let earlier = members.prefix { $0.name != member.name }
    return Digest.hex(
      of: (basis + earlier.map(\.fingerprint) + [member.fingerprint]).joined(separator: "\n"))
  }

  /// The digest of everything on which it depends that further models do not exist.
  private var absence: String {
    Digest.hex(of: (["absent"] + basis + members.map(\.fingerprint)).joined(separator: "\n"))
  }

  /// Measures a model, unless it is stored.
  private func measured(_ member: Contestant, number: Int) throws -> OtherModel {
    if let stored = file(of: member)?.model { return stored }
    let earlier = Array(members.prefix { $0.name != member.name })
    let title = "explanations of \(member.name)"
    // Opening the images has a display of its own, so they are opened first.
    let count = try training.train.images().count
    run.progress.begin(title, total: count, unit: "images")
    let (explained, data) = try explained(earlier + [member])
    let reasons = ReasonMeasurement(
      of: explained[earlier.count], after: Array(explained[..<earlier.count]), on: data,
      cutoff: plan.cutoff, addsMasks: addsMasks, evaluator: run.evaluator
    ) { run.progress.update($0) }
    run.progress.end(nil)
    func accuracy(_ images: LabelledImages) -> Double {
      run.evaluator.accuracy(of: member.classifier, on: images).roundedToMillionths
    }
    let parts = try parts()
    let predictions = run.evaluator.predictions(of: member.classifier, on: test)
    let (train, heldOut) = (accuracy(parts.learned), parts.heldOut.map(accuracy))
    let first = try earlier.first.map { try measured($0, number: 1).decidingAccuracy }
    let model = OtherModel(
      model: member.name, number: number, trainAccuracy: train, heldOutAccuracy: heldOut,
      testAccuracy: predictions.equals(test.labels).to(.float64).mean().scalar.roundedToMillionths,
      images: reasons.images, explained: reasons.explained, largeShare: reasons.largeShare,
      inUnion: number == 1 ? nil : reasons.inUnion, inEarlier: reasons.inEarlier,
      inMask: reasons.inMask, features: features(reasons.map, of: data),
      stop: plan.method == .simultaneous || number == 1
        ? nil
        : plan.stop(
          accuracy: heldOut ?? train, first: first ?? 1, known: reasons.inUnion))
    try OtherModelFile(
      request: request(member), model: model, map: reasons.map,
      width: data.shape.isPicture ? data.shape.width : nil,
      predictions: predictions.int64s().map(Int.init)
    ).write(to: run.folder.another(member.name))
    return model
  }

  /// The classifiers whose gradients are the explanations of models, and the training examples that
  /// they take: the models themselves, or the parts of them that take codes.
  private func explained(
    _ models: [Contestant]
  ) throws -> (classifiers: [any Classifier], data: LabelledImages) {
    guard let codes = try run.autoencoder(training)?.run() else {
      return (models.map(\.classifier), try training.train.images())
    }
    let table = try codes.table(of: training.train.images(), run.evaluator)
    let heads = try models.map { model in
      let file = try ModelFile(run.folder.model(model.name), device: run.device)
      return try codes.head(of: file.network, valueRange: table.valueRange).frozen()
    }
    return (heads, table)
  }

  /// The ten features of a row that are large in the most images; none for pictures.
  private func features(_ map: [Double], of data: LabelledImages) -> [OtherModel.Feature] {
    guard !data.shape.isPicture else { return [] }
    let names = data.featureNames
    let ranked = map.indices.filter { map[$0] > 0 }.sorted { (-map[$0], $0) < (-map[$1], $1) }
    return ranked.prefix(10).map {
      OtherModel.Feature(name: names?[$0] ?? "\($0)", share: map[$0])
    }
  }
}
