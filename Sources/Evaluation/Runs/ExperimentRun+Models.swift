import Datasets
import Defenses
import ForeignModels
import ModelCore
import Support

extension ExperimentRun {
  /// A model that takes part in the run: in the form in which it is attacked and evaluated, and as
  /// the provenance describes it; with the set-up that trained it, if Crossfire did.
  typealias Entrant = (contestant: Contestant, record: ModelRecord, computed: ComputationRecord?)

  /// Trains or reads the models that the selected steps need, in the order of the experiment.
  /// - Returns: the models that exist, without those that are left open; and the search for models
  ///   with other explanations, nil if none are looked for.
  func models(test: LabelledImages) throws -> (models: [Entrant], search: ExplanationSearch?) {
    let plans = neededModels
    let training = try experiment.trainingImages(
      for: plans, cache: folder.dataCache(), progress: progress)
    var entrants: [Entrant] = []
    var search = try search(plans, training, test)
    for plan in plans {
      let earlier = plan.origin.needs.compactMap { name in
        entrants.first { $0.contestant.name == name }?.contestant
      }
      switch plan.origin {
      case .another(let found):
        // What is looked for next depends on all models before it.
        if open.isEmpty, let next = try search?.next(plan, found), let entrant = next {
          entrants.append(entrant)
        }
      case .ensemble(let names):
        if earlier.count == names.count { entrants.append(try ensemble(plan.name, earlier)) }
      case .training, .file, .model:
        guard let model = try model(plan, training, test) else { continue }
        entrants.append(try entrant(plan, model, test))
        search?.note(entrants[entrants.count - 1].contestant)
      }
    }
    return (entrants, search)
  }

  /// A model that is trained or read, or that has the weights of such a model.
  /// - Returns: nil if it is left open.
  private func model(
    _ plan: ModelPlan, _ training: TrainingImages?, _ test: LabelledImages
  ) throws -> LoadedModel? {
    let known = open.models[plan.name]
    let model = try step(.model(plan.name)) {
      if let known { return known }
      if case .model(let name) = plan.origin { return open.models[name] }
      return isThere(plan, training) ? try load(plan, training, test) : nil
    } _: {
      try load(plan, training, test)
    }
    open.models[plan.name] = model
    return model
  }

  /// The search for models with other explanations; nil if none of the models is looked for.
  func search(
    _ plans: [ModelPlan], _ training: TrainingImages?, _ test: LabelledImages
  ) throws -> ExplanationSearch? {
    for plan in plans {
      guard case .another(let found) = plan.origin else { continue }
      guard let training else { preconditionFailure("no training images") }
      return try ExplanationSearch(self, found, training: training, test: test)
    }
    return nil
  }

  /// The models that the selected steps need. An attack needs every model, because its examples are
  /// shown to all of them. A model or its probe needs the models that it is made of.
  private var neededModels: [ModelPlan] {
    let attacks = selection?.contains { $0.attack != nil } ?? true
    guard !attacks, !isWanted(.report) else { return experiment.models }
    var names = Set(
      experiment.models.map(\.name).filter {
        name in
        isWanted(.model(name)) || isWanted(.probe(name)) || isWanted(.explanation(name))
          || experiment.certificates.contains { isWanted(.certificate($0.name, model: name)) }
      })
    for plan in experiment.models.reversed() where names.contains(plan.name) {
      names.formUnion(plan.origin.needs)
    }
    return experiment.models.filter { names.contains($0.name) }
  }

  func entrant(_ plan: ModelPlan, _ model: LoadedModel, _ test: LabelledImages) throws -> Entrant {
    try model.checkAccepts(test, model: plan.name)
    let judged = try model.preceded(by: plan.transform)
    let recipe = model.training.map {
      "\($0.architecture), \($0.epochs) epoch\($0.epochs == 1 ? "" : "s")"
    }
    // A layer in front of a trained model is a defense at test time.
    let trained = model.training?.defense
    let layers = plan.transform.texts.map { "\($0) at test time" }
    let defenses = [trained].compactMap { $0 }.filter { $0 != PlainTraining.name } + layers
    return (
      Contestant(name: plan.name, judged),
      ModelRecord(
        name: plan.name, description: recipe ?? model.format.origin,
        defense: layers.isEmpty ? trained : defenses.joined(separator: " + "),
        fingerprint: judged.fingerprint), model.training.map(\.computation)
    )
  }

  func ensemble(_ name: String, _ members: [Contestant]) throws -> Entrant {
    let fingerprint = Digest.hex(
      of: "ensemble\n" + members.map(\.fingerprint).joined(separator: "\n"))
    return (
      Contestant(
        name: name, classifier: try Ensemble(members.map(\.classifier)), fingerprint: fingerprint),
      ModelRecord(
        name: name,
        description: "the mean logits of " + members.map(\.name).joined(separator: ", "),
        defense: "ensemble", fingerprint: fingerprint), nil
    )
  }

  /// - Parameter earlier: for a model with another explanation, the models before it.
  func load(
    _ plan: ModelPlan, _ training: TrainingImages?, _ test: LabelledImages?,
    after earlier: [Contestant] = []
  ) throws -> LoadedModel {
    switch plan.origin {
    case .file(let url, let notes):
      let model = try LoadedModel(url, notes: notes, for: test?.kind, device: device)
      for notice in model.notices { progress.note("\(plan.name): \(notice)") }
      return model
    case .model, .ensemble:
      preconditionFailure("\(plan.name) is made of models that have not been loaded")
    case .another(let found) where found.plan.method == .simultaneous:
      guard let training else { preconditionFailure("no training images") }
      return try LoadedModel(together(found, training, test).run(found.number))
    case .training, .another:
      guard let training, let made = self.training(plan, training, test, after: earlier) else {
        preconditionFailure("no training images")
      }
      return try LoadedModel(made.run(into: folder.model(plan.name)))
    }
  }

  /// Whether the run folder has the trained model, or the model need not be trained.
  func isThere(
    _ plan: ModelPlan, _ training: TrainingImages?, after earlier: [Contestant] = []
  ) -> Bool {
    guard plan.isTrained else { return true }
    if case .another(let found) = plan.origin, found.plan.method == .simultaneous {
      return training.map { together(found, $0, nil).isDone } ?? false
    }
    guard let training, let made = self.training(plan, training, nil, after: earlier),
      let file = try? SafetensorsFile(folder.model(plan.name)),
      let text = file.metadata["crossfire"]
    else { return false }
    return text.contains(made.request)
  }

  private func training(
    _ plan: ModelPlan, _ images: TrainingImages, _ test: LabelledImages?,
    after earlier: [Contestant]
  ) -> ModelTraining? {
    guard var recipe = plan.origin.recipe else { return nil }
    recipe.settings.seed = experiment.seed.derive("train \(plan.name)")
    var masks: TrainingMasks?
    if case .another(let found) = plan.origin {
      masks = found.masks(of: earlier, on: images.train, evaluator)
    }
    return ModelTraining(
      name: plan.name, plan: recipe, training: images.train, test: test,
      validation: images.validation, masks: masks,
      device: device, progress: progress)
  }

  /// The training of all models that are looked for together.
  private func together(
    _ found: AnotherTraining, _ images: TrainingImages, _ test: LabelledImages?
  ) -> SimultaneousModels {
    SimultaneousModels(
      found: found, training: images, test: test, seed: experiment.seed, folder: folder,
      device: device, evaluator: evaluator, progress: progress,
      autoencoder: autoencoder(images))
  }

  /// The training of the autoencoder; nil if the experiment has none.
  func autoencoder(_ images: TrainingImages) -> AutoencoderTraining? {
    guard let plan = experiment.autoencoder, let pictures = images.encoded else { return nil }
    return AutoencoderTraining(
      plan: plan, pictures: pictures, seed: experiment.seed.derive("train autoencoder"),
      folder: folder, device: device, progress: progress)
  }

  /// Shows what the probes found about models that were read from files. The findings are also
  /// flags of the grid.
  /// - Throws: `Failure.badData` for a finding with which an attack of the experiment would be
  ///   meaningless, before anything is attacked.
  func checkForeign(_ probes: [ModelProbe], _ data: LabelledImages) throws {
    let files = experiment.models.filter { if case .file = $0.origin { true } else { false } }.map(
      \.name)
    for probe in probes where files.contains(probe.model) {
      try probe.allow(experiment.attacks, classCount: data.classCount)
      for finding in probe.findings(classCount: data.classCount) {
        progress.note("warning: \(finding.flag.raisedBecause) \(finding.flag.advice)")
      }
    }
  }
}
