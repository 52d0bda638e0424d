import Datasets
import Defenses
import Foundation
import ModelCore
import Support

/// The models that the simultaneous method trains together, whose result is a model file for each.
/// An interrupted training continues from its last checkpoint.
struct SimultaneousModels {
  let found: AnotherTraining
  let training: TrainingImages
  let test: LabelledImages?
  let seed: Seed
  let folder: RunFolder
  let device: Device
  let evaluator: Evaluator
  let progress: ProgressDisplay
  /// The autoencoder whose codes the models take; nil if they take the inputs themselves.
  let autoencoder: AutoencoderTraining?

  private var plan: AnotherPlan { found.plan }
  private var lambda: Double { plan.lambda(of: 1) }

  private var settings: TrainingSettings {
    var settings = found.recipe.settings
    settings.seed = seed.derive("train \(plan.names[0])")
    return settings
  }

  /// The training of a network on its own, of which only the request and the start are used.
  private func alone(_ number: Int) -> ModelTraining {
    var recipe = found.recipe
    recipe.settings.seed = seed.derive("train \(plan.names[number])")
    return ModelTraining(
      name: plan.names[number], plan: recipe, training: training.train, test: test,
      validation: training.validation, device: device, progress: progress)
  }

  /// The digest of everything that the weights depend on.
  private var request: String {
    // The seeds of all networks derive from their names.
    let parts =
      ["together 1", "\(lambda)", alone(0).request] + plan.names
      + [autoencoder?.request].compactMap { $0 }
    return Digest.hex(of: parts.joined(separator: "\n"))
  }

  /// Whether the folder has all models.
  var isDone: Bool {
    let request = request
    return plan.names.allSatisfy {
      (try? SafetensorsFile(folder.model($0)))?.metadata["crossfire"]?.contains(request) ?? false
    }
  }

  /// Trains all models, unless the folder has them.
  /// - Parameter number: the place of the model that is returned, counted from 1.
  /// - Throws: `Failure` if the defense needs a network of its own, or what the trainer throws.
  func run(_ number: Int) throws -> ModelFile {
    if !isDone { try train() }
    return try ModelFile(folder.model(plan.names[number - 1]), device: device)
  }

  private func train() throws {
    let (request, recipe) = (request, found.recipe)
    try autoencoder.map { try check($0, recipe) }
    let codes = try autoencoder?.run()
    let inputs = try training.train.images()
    let images =
      try codes?.table(of: inputs, drawnFrom: settings.seed.derive("codes"), evaluator) ?? inputs
    try images.check(has: recipe.defense.needs)
    try recipe.defense.checkBudgets(in: images.valueRange, features: images.shape.count)
    let learned =
      switch recipe.settings.validation {
      case .heldOut(let count) where count > 0: try ModelTraining.split(images, count).rest
      case .heldOut, .data: images
      }
    for name in plan.names { try AtomicFile.probe(folder.model(name)) }
    let networks = try plan.names.indices.map { number in
      try recipe.architecture.network(
        input: images.shape, classNames: images.classNames, valueRange: images.valueRange,
        initialization: recipe.initialization,
        seed: alone(number).plan.settings.seed.derive("weights"), device: device)
    }
    let objectives = try networks.map { network in
      try recipe.defense.objective(
        Preparation(network, data: images) { role, _ in
          throw Failure.usage(
            "another: the defense of '\(plan.of)' needs a \(role), and the simultaneous method "
              + "trains no network besides its own", hint: "use method: sequential")
        })
    }
    let checkpoint = SimultaneousCheckpoint(
      folder.model(plan.names[0]).deletingPathExtension().appendingPathExtension(
        "checkpoint.safetensors"), request: request)
    let started = ContinuousClock.now
    let histories = try SimultaneousTrainer(
      settings, objectives: objectives, lambda: lambda, checkpoint: checkpoint,
      progress: progress
    ).train(networks, on: learned, title: "train \(plan.count) models together")
    // The first file is written last: where it is, the others are.
    for number in networks.indices.reversed() {
      let network = try codes?.classifier(networks[number]) ?? networks[number]
      try write(network, histories[number], request, plan.names[number])
    }
    checkpoint.remove()
    progress.end(
      "trained \(plan.names.joined(separator: ", ")) together: \(recipe.text): "
        + ProgressDisplay.time((ContinuousClock.now - started).seconds))
  }

  /// Checks that the models can be trained on codes, before the autoencoder is trained.
  /// - Throws: `Failure.badData` if the architecture does not take rows, or if the defense needs masks,
  ///   which codes do not have.
  private func check(_ autoencoder: AutoencoderTraining, _ recipe: TrainingPlan) throws {
    do {
      _ = try recipe.architecture.description(
        input: InputShape(features: autoencoder.plan.autoencoder.codes),
        classNames: training.train.facts.classNames)
    } catch let failure as Failure {
      throw Failure.badData(
        "another: in: codes: the architecture \(recipe.architecture.name) of '\(plan.of)' cannot take "
          + "codes: \(failure.message)", hint: "use one for rows of numbers, such as mlp 64")
    }
    guard !recipe.defense.needs.contains(.masks) else {
      throw Failure.badData(
        "another: in: codes: the defense of '\(plan.of)' needs masks, and codes have none",
        hint: "leave the defense out, or use in: inputs")
    }
  }

  /// The defense in one line.
  private var defense: String {
    let similarity =
      "similarity(lambda=\(lambda))" + (autoencoder == nil ? "" : " in codes")
    let own = found.recipe.defense.text
    return own == PlainTraining.name ? similarity : "\(own) + \(similarity)"
  }

  private func write(
    _ network: Network, _ history: [EpochRecord], _ request: String, _ name: String
  ) throws {
    let recipe = found.recipe
    var record = TrainingRecord(
      data: training.train.facts.name, dataFingerprint: training.train.facts.fingerprint,
      architecture: recipe.architecture.name,
      defense: defense,
      optimizer: "\(recipe.settings.optimizer)", batchSize: recipe.settings.batchSize,
      seed: settings.seed.value, epochs: history.count, device: device,
      trainingAccuracy: history.last?.accuracy ?? 0, request: request)
    record.testAccuracy = try test.map {
      try Evaluator(batchSize: 256).accuracy(of: network.frozen(), on: $0)
    }
    let file = folder.model(name)
    try AtomicFile.write(history.jsonLines(), to: ModelTraining.history(of: file))
    try ModelFile.write(network, training: record, to: file)
  }
}
