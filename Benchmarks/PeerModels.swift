import Datasets
import Defenses
import Evaluation
import Foundation
import ModelCore
import Support

/// The trained models and the test images on which Crossfire and other libraries are compared, as
/// files that both read.
///
/// MNIST if it is on this machine, else the demo's 5,000 digits. What a folder already holds is not
/// trained again.
struct PeerModels {
  let folder: URL
  /// The first is attacked by every attack; all of them make up the sweep.
  static let names = ["cnn1", "cnn2", "cnn3", "cnn4"]
  /// Enough steps for gradients that point somewhere, in under a minute a model.
  static let trainingImages = 20_000
  static let imagesSeen = 40_000
  static let testImages = 1_000

  func make() throws {
    Engine.start()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let reference = try DataReference(
      DatasetCatalog.entry(named: "mnist").isHere() ? "mnist" : "mnist5k")
    let training = try reference.load(.train).prefix(Self.trainingImages)
    let test = try reference.load(.test).prefix(Self.testImages)
    try SafetensorsFile.write(
      [("images", test.batch(0..<test.count).images), ("labels", test.labels)],
      metadata: ["data": test.name],
      to: folder.appending(path: "images.safetensors"))
    for (index, name) in Self.names.enumerated() {
      var plan = TrainingPlan(
        architecture: try Architecture.named("cnn"), defense: PlainTraining(),
        settings: TrainingSettings(epochs: max(1, Self.imagesSeen / training.count)))
      plan.settings.seed = Seed(UInt64(index + 1))
      _ = try ModelTraining(
        name: name, plan: plan, training: training, test: test, device: .cpu,
        progress: ProgressDisplay(.automatic)
      ).run(into: folder.appending(path: "\(name).safetensors"))
    }
  }
}
