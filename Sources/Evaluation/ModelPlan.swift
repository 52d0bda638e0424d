import Defenses
import ForeignModels
import Foundation
import ModelCore
import Support

/// A model of an experiment: how it is made, and the layers that its images pass through first.
public struct ModelPlan: Sendable {
  public enum Origin: Sendable {
    /// The model is trained.
    case training(TrainingPlan)
    /// The model is read from a file. The notes say what the file does not.
    case file(URL, ModelNotes)
    /// The model has the weights of an earlier model of the experiment.
    case model(String)
    /// The model's logits are the mean of those of earlier models of the experiment.
    case ensemble([String])
    /// The model is trained to be right for other reasons than earlier models of the experiment. It
    /// does not exist if the search stops before it.
    case another(AnotherTraining)

    /// The names of the earlier models that it is made of.
    var needs: [String] {
      switch self {
      case .training, .file: []
      case .model(let name): [name]
      case .ensemble(let names): names
      case .another(let training): training.earlier
      }
    }

    /// The training of the model; nil if it is not trained.
    var recipe: TrainingPlan? {
      switch self {
      case .training(let plan): plan
      case .another(let training): training.recipe
      case .file, .model, .ensemble: nil
      }
    }
  }

  public let name: String
  public let origin: Origin
  /// Whether the run folder gets a file of the model.
  public var isTrained: Bool { origin.recipe != nil }
  /// The layers before the network, which are added after training: a defense at test time.
  public let transform: LayerList

  public init(name: String, origin: Origin, transform: LayerList = LayerList([any Layer]())) {
    self.name = name
    self.origin = origin
    self.transform = transform
  }

  init(name: String, _ settings: Settings) throws {
    self.name = name
    let texts = try settings.strings(
      "transform", default: [], "layers that its images pass through first, at test time")
    do { transform = try LayerList(texts) } catch let failure as Failure {
      throw Failure.badData(
        "\(settings.place(of: "transform")): \(failure.message)", hint: failure.hint)
    }
    if settings.has("file") {
      origin = .file(try settings.file("file", "a model file"), try ModelNotes(settings))
      try settings.finish("model \(name), which is read from a file,")
    } else if settings.has("model") {
      origin = .model(try settings.string("model", "an earlier model, whose weights it has"))
      try settings.finish("model \(name), which has the weights of another,")
    } else if settings.has("ensemble") {
      let members = try settings.strings("ensemble", "earlier models, whose logits it averages")
      guard !members.isEmpty, transform.layers.isEmpty else {
        throw Failure.badData(
          "\(settings.place(of: "ensemble")): an ensemble must have at least one model and no "
            + "transform", hint: "give the transform to its models")
      }
      origin = .ensemble(members)
      try settings.finish("model \(name), which is an ensemble,")
    } else {
      origin = .training(try TrainingPlan(settings))
      // Asking for the keys of the other kinds makes them known names, so that the hint for a
      // misspelt key can suggest them.
      for key in ["file", "model", "ensemble"] { _ = settings.value(key, "") }
      try settings.finish("model \(name)")
    }
  }
}
