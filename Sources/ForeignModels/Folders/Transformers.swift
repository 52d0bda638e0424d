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

  private static func resnet(
    _ block: String, _ depths: [Double], _ widths: [Double], _ name: String
  ) -> Known {
    Known(
      model: "ResNetForImageClassification",
      numbers: ["depths": depths, "hidden_sizes": widths, "embedding_size": [64]],
      words: ["layer_type": block, "hidden_act": "relu"], architecture: name)
  }

  private static let all = [
    vit("ViTForImageClassification", 384, 6, "vit-s16"),
    vit("ViTForImageClassification", 768, 12, "vit-b16"),
    vit("DeiTForImageClassification", 384, 6, "deit-s16"),
    vit("DeiTForImageClassification", 768, 12, "deit-b16"),
    resnet("basic", [2, 2, 2, 2], [64, 128, 256, 512], "resnet18-imagenet"),
    resnet("basic", [3, 4, 6, 3], [64, 128, 256, 512], "resnet34-imagenet"),
    resnet("bottleneck", [3, 4, 6, 3], [256, 512, 1024, 2048], "resnet50-imagenet"),
    resnet("bottleneck", [3, 4, 23, 3], [256, 512, 1024, 2048], "resnet101-imagenet"),
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
        && description["downsample_in_first_stage"] as? Bool != true
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
