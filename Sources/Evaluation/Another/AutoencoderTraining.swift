import Datasets
import Defenses
import Foundation
import ModelCore
import Support

/// The training of an experiment's autoencoder, whose result is a model file. An interrupted training
/// continues from its last checkpoint.
struct AutoencoderTraining {
  let plan: AutoencoderPlan
  let pictures: LazyImages
  let seed: Seed
  let folder: RunFolder
  let device: Device
  let progress: ProgressDisplay

  private var file: URL { folder.autoencoder }

  /// The digest of everything that the weights depend on.
  var request: String {
    Digest.hex(
      of: ["autoencoder 1", device.kind, pictures.facts.fingerprint, plan.text, "\(seed.value)"]
        .joined(separator: "\n"))
  }

  /// The codes of the trained autoencoder; nil if the folder does not have it.
  func stored() -> PictureCodes? {
    let request = request
    guard let done = try? ModelFile(file, device: device), done.training?.request == request else {
      return nil
    }
    return PictureCodes(done.network)
  }

  /// Trains the autoencoder, unless the folder has it.
  func run() throws -> PictureCodes {
    if let stored = stored() { return stored }
    let autoencoder = plan.autoencoder
    let pictures = try self.pictures.images()
    try AtomicFile.probe(file)
    let network = try autoencoder.network(
      input: pictures.shape, valueRange: pictures.valueRange, seed: seed.derive("weights"),
      device: device)
    let checkpoint = Checkpoint(
      file.deletingPathExtension().appendingPathExtension("checkpoint.safetensors"),
      request: request)
    let settings = autoencoder.training(seed: seed)
    let started = ContinuousClock.now
    let history = try Trainer(
      settings, objective: autoencoder.objective, checkpoint: checkpoint, progress: progress
    ).train(network, on: pictures, title: "train the autoencoder")
    let record = TrainingRecord(
      data: pictures.name, dataFingerprint: pictures.fingerprint, architecture: "autoencoder",
      defense: plan.text, optimizer: "\(settings.optimizer)", batchSize: settings.batchSize,
      seed: seed.value, epochs: history.count, device: device, trainingAccuracy: nil,
      request: request)
    try ModelFile.write(network, training: record, to: file)
    checkpoint.remove()
    let error = history.last?.terms["reconstruction"].map { String(format: "%.2f", $0) } ?? ""
    progress.end(
      "trained the autoencoder: \(autoencoder.codes) codes, reconstruction loss \(error): "
        + ProgressDisplay.time((ContinuousClock.now - started).seconds))
    return PictureCodes(network)
  }
}
