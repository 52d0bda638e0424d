import ModelCore
import Support

/// Crossfire's architectures by the configurations of the library transformers, whose classes cover
/// networks of many sizes.
enum Transformers {
  /// A class of transformers with the settings that make it an architecture of Crossfire.
  private struct Known {
    let model: String
    let numbers: [String: [Double]]
    let words: [String: String]
    let architecture: String
  }

  private static func vit(_ model: String, _ width: Double, _ heads: Double, _ name: String)
    -> Known
  {
    Known(
      model: model,
      numbers: [
        "hidden_size": [width], "num_hidden_layers": [12], "num_attention_heads": [heads],
        "intermediate_size": [4 * width], "patch_size": [16],
      ], words: ["hidden_act": "gelu"], architecture: name)
  }

  private static let all = [
    vit("ViTForImageClassification", 384, 6, "vit-s16"),
    vit("ViTForImageClassification", 768, 12, "vit-b16"),
  ]

  /// The architecture that a `config.json` of transformers describes.
  /// - Throws: `Failure.badData` that names the class and the sizes, if Crossfire does not have it.
  static func architecture(_ description: [String: Any]) throws -> String {
    let models = description["architectures"] as? [String] ?? []
    guard let model = models.first ?? description["model_type"] as? String else {
      throw Failure.badData(
        "its config.json names no architecture",
        hint: "give one from `crossfire list architectures`, like :architecture=resnet18")
    }
    let found = all.first { known in
      known.model == model && known.numbers.allSatisfy { numbers(description[$0.key]) == $0.value }
        && known.words.allSatisfy { (description[$0.key] as? String ?? $0.value) == $0.value }
        && (description["layer_norm_eps"] as? Double ?? 1e-12) == 1e-12
        && description["qkv_bias"] as? Bool != false
    }
    if let found, Architecture.isKnown(found.architecture) { return found.architecture }
    if all.contains(where: { $0.model == model }) {
      throw PublishedModels.unknown(model, because: " in these sizes")
    }
    if Architecture.isKnown(model) { return model }
    throw PublishedModels.unknown(model)
  }

  private static func numbers(_ value: Any?) -> [Double] {
    if let list = value as? [Double] { return list }
    return (value as? Double).map { [$0] } ?? []
  }
}
