import Datasets
import Defenses
import Foundation
import ModelCore
import Support

/// Training one model into one file, going on where an earlier attempt was stopped.
public struct ModelTraining {
  public let name: String
  public let plan: TrainingPlan
  public let training: LabelledImages
  /// The images clean accuracy is measured on; nil measures none.
  public let test: LabelledImages?
  public let device: Device
  public let progress: ProgressDisplay

  public init(
    name: String, plan: TrainingPlan, training: LabelledImages, test: LabelledImages?,
    device: Device,
    progress: ProgressDisplay
  ) {
    self.name = name
    self.plan = plan
    self.training = training
    self.test = test
    self.device = device
    self.progress = progress
  }

  /// The digest of everything the weights depend on, and of nothing else.
  public var request: String {
    let settings = plan.settings
    let parts =
      [
        "training 3", device.kind, training.fingerprint, plan.architecture.name,
        plan.defense.text, "\(settings.epochs)", "\(settings.batchSize)",
        "\(settings.optimizer)", "\(settings.schedule)", "\(settings.seed.value)",
        "\(settings.validation) \(settings.patience ?? 0) \(settings.keep)",
      ] + plan.defense.dependencies
    return Digest.hex(of: parts.joined(separator: "\n"))
  }

  /// Trains and writes the model, unless the file already holds the result of the same request.
  /// - Returns: the model as it stands in the file.
  public func run(into url: URL) throws -> ModelFile {
    let request = self.request
    if FileManager.default.fileExists(atPath: url.path),
      let done = try? ModelFile(url, device: device),
      done.training?.request == request
    {
      return done
    }
    guard !plan.defense.needsMasks || training.annotations.masks != nil else {
      throw MaskRequirement.failure(training.name)
    }
    try AtomicFile.probe(url)
    let network = try plan.architecture.network(
      input: training.shape, classNames: training.classNames, valueRange: training.valueRange,
      seed: plan.settings.seed.derive("weights"), device: device)
    let checkpoint = Checkpoint(
      url.deletingPathExtension().appendingPathExtension("checkpoint.safetensors"), request: request
    )
    let preparation = Preparation(network) { try helper($0, $1, for: url) }
    let objective = try plan.defense.objective(preparation)
    let trainer = Trainer(
      plan.settings, objective: objective, checkpoint: checkpoint, progress: progress)
    let started = ContinuousClock.now
    let (learned, watched) = try parts()
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
    let kept = plan.settings.keep == .best ? history.best : history.last?.epoch
    record.keptEpoch = kept.map { $0 + 1 }
    record.validationAccuracy = kept.flatMap { history[$0].validationAccuracy }
    record.testAccuracy = try test.map {
      try Evaluator(batchSize: 256).accuracy(of: network.frozen(), on: $0)
    }
    try ModelFile.write(network, training: record, to: url)
    checkpoint.remove()
    progress.end(summary(record, seconds: (ContinuousClock.now - started).seconds))
    return try ModelFile(url, device: device)
  }

  /// Where the history of a model's training lies: a JSON object a line, an epoch each.
  public static func history(of model: URL) -> URL {
    model.deletingPathExtension().appendingPathExtension("history.jsonl")
  }

  /// What is learned from, and what is held out. The same images are held out for every model of
  /// the same data, whatever its seed, so that models can be compared on them.
  private func parts() throws -> (LabelledImages, LabelledImages?) {
    guard plan.settings.validation > 0 else { return (training, nil) }
    let (rest, heldOut) = try Self.split(training, plan.settings.validation)
    return (rest, heldOut)
  }

  /// What `validation` holds out of a data set.
  public static func split(
    _ images: LabelledImages, _ validation: Int
  ) throws -> (rest: LabelledImages, heldOut: LabelledImages) {
    try images.holdingOut(validation, seed: Seed(0).derive("validation"))
  }

  /// Another network that this training needs before it begins, with the same plan but for its
  /// defense and its seed, in a file beside this model's, which it is read from if it is there.
  private func helper(_ role: String, _ defense: any Defense, for url: URL) throws -> Network {
    var plan = TrainingPlan(
      architecture: plan.architecture, defense: defense, settings: plan.settings)
    plan.settings.seed = plan.settings.seed.derive(role)
    return try ModelTraining(
      name: "\(name)'s \(role)", plan: plan, training: training, test: test, device: device,
      progress: progress
    ).run(into: url.deletingPathExtension().appendingPathExtension("\(role).safetensors")).network
  }

  private func summary(_ record: TrainingRecord, seconds: Double) -> String {
    let measured =
      record.testAccuracy.map { "test accuracy " + String(format: "%.2f", 100 * $0) + " %, " } ?? ""
    return
      "trained \(name): \(plan.text), \(plan.defense.text): \(measured)\(ProgressDisplay.time(seconds))"
  }
}
