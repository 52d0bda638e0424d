import Datasets
import Defenses
import Evaluation
import Foundation
import ModelCore
import Support

/// The trained models and the test images on which Crossfire and other libraries are compared, as
/// files that all of them read.
///
/// The images are MNIST's if that data set is on this machine, else the demo's 5,000 digits. Models
/// that the folder already holds are not trained again.
struct PeerModels {
  let folder: URL
  /// Every attack attacks the first model, and the sweep uses all of them.
  static let names = ["cnn1", "cnn2", "cnn3", "cnn4"]
  /// Enough training for meaningful gradients, in less than a minute per model.
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
