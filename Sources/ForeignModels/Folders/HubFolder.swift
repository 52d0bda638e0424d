import Foundation
import Support

/// A folder as Hugging Face and timm publish a model: weights, and JSON files that say what they are.
///
///     config.json                the architecture and the classes; for timm, also the pixels
///     preprocessor_config.json   how the pixels are scaled, for the library transformers
///     model.safetensors          the weights, or model.safetensors.index.json, or pytorch_model.bin
///
/// Everything is read as data. A folder without `config.json` has only weights.
struct HubFolder {
  enum Weights {
    case safetensors(URL)
    case index(URL)
    case saved(URL)
  }

  let folder: ModelFolder
  let weights: Weights
  private let configuration: HubConfiguration?

  /// - Throws: `Failure.badData` if the folder has no weights, or a file in it is damaged.
  init(_ url: URL) throws {
    folder = ModelFolder(url)
    if let file = try folder.file("model.safetensors") {
      weights = .safetensors(file)
    } else if let file = try folder.file("model.safetensors.index.json") {
      weights = .index(file)
    } else if let file = try folder.file("pytorch_model.bin") {
      guard try ModelFileKind(file) == .stateDictionary else {
        throw Failure.badData("its pytorch_model.bin is not a state dictionary")
      }
      weights = .saved(file)
    } else {
      throw Failure.badData(
        "the folder has no weights, expected model.safetensors, model.safetensors.index.json or "
          + "pytorch_model.bin",
        hint: "name the file of the model, or save the model with model.save_pretrained(folder)")
    }
    let description = try folder.file("config.json").map {
      try ModelFolder.description($0, "config.json")
    }
    let pixels = try folder.file("preprocessor_config.json").map {
      try ModelFolder.description($0, "preprocessor_config.json")
    }
    configuration = try description.map { try HubConfiguration($0, pixels: pixels ?? [:]) }
  }

  /// Whether a folder has a file that makes it one of a model.
  static func isOne(_ url: URL) -> Bool {
    ["config.json", "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"]
      .contains { FileManager.default.fileExists(atPath: url.appending(path: $0).path) }
  }

  /// The user's notes, completed by what the configuration says.
  /// - Throws: `Failure.badData` if neither says which network it is, or how pixels are normalised.
  func notes(under given: ModelNotes) throws -> ModelNotes {
    guard let configuration else { return given }
    var found = configuration.notes
    if given.architecture == nil, given.layers == nil {
      found.architecture = try configuration.architecture()
    }
    guard given.normalization != nil || found.normalization != nil else {
      throw Failure.badData(
        "its configuration does not say how pixels are normalised",
        hint: "give the mean and the standard deviation of each channel, like "
          + ":mean=0.485/0.456/0.406,std=0.229/0.224/0.225, or mean=0,std=1 if there is none")
    }
    return given.over(found)
  }

  /// How pictures are to be prepared for the model; nil if the configuration does not say it.
  var advice: String? { configuration?.advice }
}
