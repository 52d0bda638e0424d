import Defenses
import ForeignModels
import Foundation
import ModelCore
import Support

/// How a model of an experiment comes to be: trained here, read from a file, another one of the
/// experiment again, or several of them together; and what its images go through first.
public struct ModelPlan: Sendable {
  public enum Origin: Sendable {
    case training(TrainingPlan)
    /// With what is said of it, where the file does not tell.
    case file(URL, ModelNotes)
    /// The weights of a model that stands before it.
    case model(String)
    /// The mean logits of models that stand before it.
    case ensemble([String])

    /// The models that have to stand before it.
    var needs: [String] {
      switch self {
      case .training, .file: []
      case .model(let name): [name]
      case .ensemble(let names): names
      }
    }
  }

  public let name: String
  public let origin: Origin
  /// Layers put before the network once it is trained: a defense at test time.
  public let transform: LayerList

  public init(name: String, origin: Origin, transform: LayerList = LayerList([any Layer]())) {
    self.name = name
    self.origin = origin
    self.transform = transform
  }

  init(name: String, _ settings: Settings) throws {
    self.name = name
    let texts = try settings.strings(
      "transform", default: [], "layers its images go through first, at test time")
    do { transform = try LayerList(texts) } catch let failure as Failure {
      throw Failure.badData(
        "\(settings.place(of: "transform")): \(failure.message)", hint: failure.hint)
    }
    if settings.has("file") {
      origin = .file(try settings.file("file", "a model file"), try ModelNotes(settings))
      try settings.finish("model \(name), which is read from a file,")
    } else if settings.has("model") {
      origin = .model(try settings.string("model", "a model before it, whose weights it has"))
      try settings.finish("model \(name), which has another one's weights,")
    } else if settings.has("ensemble") {
      let members = try settings.strings("ensemble", "models before it, whose mean logits it has")
      guard !members.isEmpty, transform.layers.isEmpty else {
        throw Failure.badData(
          "\(settings.place(of: "ensemble")): an ensemble has at least one model, and no transform of its own",
          hint: "give its models the transform")
      }
      origin = .ensemble(members)
      try settings.finish("model \(name), which is an ensemble,")
    } else {
      origin = .training(try TrainingPlan(settings))
      _ = settings.value("file", "a model file")
      _ = settings.value("model", "a model before it")
      _ = settings.value("ensemble", "models before it")
      try settings.finish("model \(name)")
    }
  }
}
