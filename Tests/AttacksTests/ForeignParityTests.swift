import Attacks
import ForeignModels
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

/// The same weights as TorchScript, as a network of this package, as a PyTorch state dictionary and
/// as ONNX. The files of the last two formats are not stored in the repository. They are read from
/// the folder CROSSFIRE_FOREIGN, which scripts/foreign_models.py --parity writes.
@Suite(
  "Attacks give the same results on one model in every file format",
  .enabled(if: Reference.isPresent, Comment(rawValue: Reference.skipMessage)))
struct ForeignParityTests {
  enum Route: String, CaseIterable, Sendable { case torchscript, safetensors, pth, onnx }

  private func model(_ name: String, _ route: Route) throws -> (any Classifier)? {
    let exported = ProcessInfo.processInfo.environment["CROSSFIRE_FOREIGN"].map {
      URL(filePath: $0)
    }
    var notes = ModelNotes()
    notes.input = InputShape(channels: 1, height: 28, width: 28)
    switch route {
    case .torchscript:
      return try LoadedModel(Reference.file("\(name).torchscript.pt"), notes: notes).classifier
    case .safetensors: return try LoadedModel(Reference.file("\(name).safetensors")).classifier
    case .onnx, .pth:
      let layers =
        try SafetensorsFile(Reference.file("\(name).safetensors")).metadata["layers"] ?? "[]"
      notes.layers = try LayerList(JSONDecoder().decode([String].self, from: Data(layers.utf8)))
      return try exported.map {
        try LoadedModel($0.appending(path: "\(name).\(route.rawValue)"), notes: notes).classifier
      }
    }
  }

  @Test(
    "logits, input gradients, one-step attacks and iterated attacks agree",
    arguments: ["fastat", "smallbn"], Route.allCases)
  func agrees(_ name: String, _ route: Route) throws {
    guard let classifier = try model(name, route) else { return }
    let answers = try SafetensorsFile(Reference.file("\(name).attacks.safetensors"))
    let images = try answers.tensor("images")
    let labels = try answers.tensor("labels")
    let targets = try answers.tensor("targets")
    #expect(relativeError(classifier.logits(images).detached, try answers.tensor("logits")) < 1e-5)
    let gradient = classifier.inputGradient(at: images) { $0.crossEntropy(labels).sum() }
    #expect(relativeError(gradient, try answers.tensor("inputGradient")) < 1e-4)
    let pgd = ProjectedGradientDescent(StepSchedule(steps: 40, alpha: 0.01), start: .original)
    let cases: [(String, any Attack, Double, Goal, share: Double)] = [
      ("fgsm.0.2", FastGradientSign(), 0.2, .away(from: labels), 0.995),
      ("tgsm.0.2", TargetedGradientSign(), 0.2, .towards(targets), 0.995),
      ("pgd.linf.0.3.alpha0.01.steps40", pgd, 0.3, .away(from: labels), 0.97),
    ]
    for (answer, attack, epsilon, goal, share) in cases {
      let threat = attack.threat(epsilon, against: classifier)
      let found = attack.perturb(
        images, goal, within: threat, against: classifier, draws: .of(images, 0))
      let expected = try answers.tensor(answer)
      #expect(agreement(found, expected) >= share, "\(answer)")
      let right = { (x: Tensor) in
        classifier.predictions(x).equals(labels).to(.float32).sum().scalar
      }
      #expect(abs(right(found) - right(expected)) <= 1, "\(answer)")
    }
  }

  @Test(
    "saliency map attacks change the same number of pixels, with the same success",
    arguments: ["fastat", "smallbn"],
    Route.allCases)
  func saliency(_ name: String, _ route: Route) throws {
    guard let classifier = try model(name, route) else { return }
    let answers = try SafetensorsFile(Reference.file("\(name).attacks.safetensors"))
    let images = try answers.tensor("images").narrow(0, 0, 12)
    let targets = try answers.tensor("targets").narrow(0, 0, 12)
    let goal = Goal.towards(targets, from: try answers.tensor("labels").narrow(0, 0, 12))
    let attack = JacobianSaliencyMap()
    let found = attack.sweep(
      images, goal, epsilons: [0.25], against: classifier, draws: .of(images, 0))[
        0]
    let sizes = Norm.l0.size(found - images).int64s()
    let hits = classifier.predictions(found).equals(targets).int64s()
    let changed = try answers.tensor("jsma.pair.changed").int64s()
    let success = try answers.tensor("jsma.pair.success").int64s()
    #expect(
      (0..<12).count { sizes[$0] == changed[$0] && hits[$0] == success[$0] } >= 10,
      "\(sizes) \(changed)")
  }
}
