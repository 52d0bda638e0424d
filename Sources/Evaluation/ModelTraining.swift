import Datasets
import Defenses
import Foundation
import ModelCore
import Support

/// The training of one model, whose result is a model file. An interrupted training continues from
/// its last checkpoint.
public struct ModelTraining {
  public let name: String
  public let plan: TrainingPlan
  /// The images that are learned from. They are opened if the model must be trained.
  public let training: LazyImages
  /// The images on which the accuracy of the trained model is measured; nil for none.
  public let test: LabelledImages?
  /// The data's own validation images. They are needed if the plan is watched on them; nil for none.
  public let validation: LazyImages?
  /// The masks that take the place of those of the training images; nil for none.
  public let masks: TrainingMasks?
  public let device: Device
  public let progress: ProgressDisplay

  public init(
    name: String, plan: TrainingPlan, training: LabelledImages, test: LabelledImages?,
    validation: LabelledImages? = nil, masks: TrainingMasks? = nil, device: Device,
    progress: ProgressDisplay
  ) {
    self.init(
      name: name, plan: plan, training: LazyImages(training), test: test,
      validation: validation.map { LazyImages($0) }, masks: masks, device: device,
      progress: progress)
  }

  public init(
    name: String, plan: TrainingPlan, training: LazyImages, test: LabelledImages?,
    validation: LazyImages? = nil, masks: TrainingMasks? = nil, device: Device,
    progress: ProgressDisplay
  ) {
    self.masks = masks
    self.validation = validation
    self.name = name
    self.plan = plan
    self.training = training
    self.test = test
    self.device = device
    self.progress = progress
  }

  /// The digest of everything that the weights depend on, and of nothing else. The number of
  /// threads and the software versions are recorded in the model file instead.
  public var request: String {
    let settings = plan.settings
    let parts =
      [
        "training 4", device.kind, training.facts.fingerprint, plan.architecture.name,
        (plan.initialization ?? plan.architecture.initialization).rawValue.inFormerSpelling,
        plan.defense.text.inFormerSpelling, "\(settings.epochs)", "\(settings.batchSize)",
        "\(settings.optimizer)", "\(settings.schedule)", "\(settings.seed.value)",
        "\(settings.validation) \(settings.patience ?? 0) \(settings.keep)",
        settings.robustValidation?.text ?? "",
      ] + watched(settings) + plan.defense.dependencies
      + (settings.annotated.count.map { ["annotated \($0) \(settings.annotated.alwaysInclude)"] }
        ?? []) + (masks.map { [$0.origin] } ?? [])
    return Digest.hex(of: parts.joined(separator: "\n"))
  }

  /// What the weights depend on if epochs are compared by another criterion than the usual one, or
  /// on the data's own validation images.
  private func watched(_ settings: TrainingSettings) -> [String] {
    (settings.criterion == .accuracy ? [] : ["by \(settings.criterion)"])
      + (settings.validation == .data ? [validation?.facts.fingerprint ?? ""] : [])
  }

  /// Trains the model and writes it to a file, unless the file already holds the result of the same
  /// request.
  /// - Returns: the model as the file has it.
  /// - Throws: `Failure.badData` if the defense needs masks that the data do not have;
  ///   `Failure.cannotWrite` if the file cannot be written, before anything is trained.
  public func run(into url: URL) throws -> ModelFile {
    let request = self.request
    if FileManager.default.fileExists(atPath: url.path),
      let done = try? ModelFile(url, device: device),
      done.training?.request == request
    {
      done.training?.notices?.forEach(show)
      return done
    }
    let training = try self.training.images()
    let masked = try masks.map { training.masked(by: try $0.compute()) } ?? training
    try masked.check(has: plan.defense.needs)
    try plan.defense.checkBudgets(in: training.valueRange, features: training.shape.count)
    let (learned, watched) = try parts(masked)
    try AtomicFile.probe(url)
    let network = try plan.architecture.network(
      input: training.shape, classNames: training.classNames, valueRange: training.valueRange,
      initialization: plan.initialization, seed: plan.settings.seed.derive("weights"),
      device: device)
    let checkpoint = Checkpoint(
      url.deletingPathExtension().appendingPathExtension("checkpoint.safetensors"), request: request
    )
    let preparation = Preparation(network, data: masked) { try helper($0, $1, for: url) }
    let objective = try plan.defense.objective(preparation)
    let trainer = Trainer(
      plan.settings, objective: objective, checkpoint: checkpoint, progress: progress)
    let started = ContinuousClock.now
    let history = try trainer.train(
      network, on: learned, validation: watched, title: "train \(name)"
    ) {
      try AtomicFile.write($0.jsonLines(), to: Self.history(of: url))
    }
    var record = TrainingRecord(
      data: training.name, dataFingerprint: training.fingerprint,
      architecture: plan.architecture.name,
      defense: plan.defense.text, optimizer: "\(plan.settings.optimizer)",
      batchSize: plan.settings.batchSize,
      seed: plan.settings.seed.value, epochs: history.count, device: device,
      trainingAccuracy: history.last?.accuracy ?? 0, request: request)
    let best = history.best(by: plan.settings.criterion)
    let kept = plan.settings.keep == .best ? best : history.last?.epoch
    record.keptEpoch = kept.map { $0 + 1 }
    record.validationAccuracy = kept.flatMap { history[$0].validationAccuracy }
    record.robustAccuracy = kept.flatMap { history[$0].robustAccuracy }
    record.validationWorstGroup = kept.flatMap { history[$0].validationWorstGroup }
    record.testAccuracy = try test.map { test in
      progress.begin("test \(name)", total: test.count, unit: "images")
      defer { progress.end(nil) }
      return try Evaluator().accuracy(of: network.frozen(), on: test) { progress.update($0) }
    }
    let notices = notices(record, history, kept: kept, learned, watched)
    record.notices = notices.isEmpty ? nil : notices
    try ModelFile.write(network, training: record, to: url)
    checkpoint.remove()
    progress.end(summary(record, seconds: (ContinuousClock.now - started).seconds))
    notices.forEach(show)
    return try ModelFile(url, device: device)
  }

  /// Shows a notice with the name of the model.
  private func show(_ notice: String) { progress.note("\(name): \(notice)") }

  private func notices(
    _ record: TrainingRecord, _ history: [EpochRecord], kept: Int?, _ learned: LabelledImages,
    _ heldOut: LabelledImages?
  ) -> [String] {
    let accuracies: [(String, Double?, LabelledImages?)] = [
      ("on the test images", record.testAccuracy, test),
      ("on the held-out images", record.validationAccuracy, heldOut),
      ("while training", kept.map { history[$0].accuracy }, learned),
    ]
    let measured = accuracies.compactMap { place, accuracy, images in
      accuracy.flatMap { accuracy in
        images.map {
          TrainingNotices.Measurement(place: place, accuracy: accuracy, images: $0)
        }
      }
    }
    let notices = TrainingNotices(history: history, kept: kept)
    return [notices.chance(measured), notices.collapse(heldOut)].compactMap { $0 }
  }

  /// The place of the training history of a model file: JSON Lines, one object for each epoch.
  public static func history(of model: URL) -> URL {
    model.deletingPathExtension().appendingPathExtension("history.jsonl")
  }

  /// The images to learn from, and those on which the training is watched; nil if there are none.
  /// - Throws: `Failure.badData` if the latter are missing, do not fit the former, or lack groups that
  ///   the criterion needs.
  private func parts(
    _ training: LabelledImages
  ) throws -> (LabelledImages, LabelledImages?) {
    let (rest, watched) = try divided(training)
    try watched.map { try plan.settings.criterion.check($0, against: rest) }
    return (rest, watched)
  }

  private func divided(
    _ training: LabelledImages
  ) throws -> (LabelledImages, LabelledImages?) {
    switch plan.settings.validation {
    case .heldOut(0): return (training, nil)
    case .heldOut(let count):
      let (rest, heldOut) = try Self.split(training, count)
      return (rest, heldOut)
    case .data:
      guard let validation = try validation?.images() else {
        throw Failure.badData(
          "training \(name): \(training.name) was given without its validation images",
          hint: "hold out training images with validation: N")
      }
      try validation.check(fits: training)
      return (training, validation)
    }
  }

  /// Divides a data set into `validation` held-out images and the rest. The held-out images depend
  /// only on the data and their number and not on the seed of a training, so that all models can be
  /// compared on them.
  public static func split(
    _ images: LabelledImages, _ validation: Int
  ) throws -> (rest: LabelledImages, heldOut: LabelledImages) {
    try images.holdingOut(validation, seed: Seed(0).derive("validation"))
  }

  /// A network that this training needs before it begins, such as the teacher of a distillation. It
  /// has the same plan except for its defense and its seed, and a file beside this model's.
  private func helper(_ role: String, _ defense: any Defense, for url: URL) throws -> Network {
    var plan = TrainingPlan(
      architecture: plan.architecture, defense: defense, settings: plan.settings)
    plan.initialization = self.plan.initialization
    plan.settings.seed = plan.settings.seed.derive(role)
    return try ModelTraining(
      name: "\(name)'s \(role)", plan: plan, training: training, test: test,
      validation: validation, masks: masks, device: device, progress: progress
    ).run(into: url.deletingPathExtension().appendingPathExtension("\(role).safetensors")).network
  }

  private func summary(_ record: TrainingRecord, seconds: Double) -> String {
    let measured =
      record.testAccuracy.map { "test accuracy " + String(format: "%.2f", 100 * $0) + " %, " } ?? ""
    return "trained \(name): \(plan.text), \(plan.defense.text): "
      + "\(measured)\(ProgressDisplay.time(seconds))"
  }
}

extension LabelledImages {
  /// Checks that a network that learns from other images can be measured on these.
  /// - Throws: `Failure.badData`.
  fileprivate func check(fits training: LabelledImages) throws {
    guard shape == training.shape, classCount == training.classCount,
      valueRange == training.valueRange
    else {
      throw Failure.badData(
        "\(name) has images of \(shape) in \(classCount) classes with values from "
          + "\(valueRange), and \(training.name) has images of \(training.shape) in "
          + "\(training.classCount) classes with values from \(training.valueRange)",
        hint: "use validation images of the same kind as the training images")
    }
  }
}
