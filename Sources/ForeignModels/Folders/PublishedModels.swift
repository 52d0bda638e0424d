import ModelCore
import Support

/// Crossfire's architectures by the names that timm, torchvision and transformers give them.
enum PublishedModels {
  /// Names of timm and torchvision.
  static let architectures = [
    "resnet18": "resnet18-imagenet", "resnet34": "resnet34-imagenet",
    "resnet50": "resnet50-imagenet", "resnet101": "resnet101-imagenet",
    "wide_resnet50_2": "wideresnet50-2",
    "mobilenetv2_100": "mobilenetv2", "mobilenet_v2": "mobilenetv2",
    "mobilenetv3_small_100": "mobilenetv3-small", "mobilenet_v3_small": "mobilenetv3-small",
    "mobilenetv3_large_100": "mobilenetv3-large", "mobilenet_v3_large": "mobilenetv3-large",
    "efficientnet_b0": "efficientnet-b0",
    "densenet121": "densenet121",
    "vgg11_bn": "vgg11-bn", "vgg13_bn": "vgg13-bn", "vgg16_bn": "vgg16-bn", "vgg19_bn": "vgg19-bn",
    "vit_small_patch16_224": "vit-s16",
    "vit_base_patch16_224": "vit-b16", "vit_b_16": "vit-b16",
    "deit_small_patch16_224": "deit-s16", "deit_base_patch16_224": "deit-b16",
    "swin_tiny_patch4_window7_224": "swin-t", "swin_t": "swin-t",
    "convnext_tiny": "convnext-t", "mixer_s16_224": "mixer-s16",
  ]

  /// The architecture that a `config.json` describes.
  /// - Throws: `Failure.badData` that names the architecture, if it is not known.
  static func architecture(_ description: [String: Any]) throws -> String {
    let own = description["pretrained_cfg"] as? [String: Any] ?? [:]
    let stated = (description["architecture"] ?? own["architecture"]) as? String
    guard let stated else { return try Transformers.architecture(description) }
    try checkArguments(description, stated)
    // timm adds what a model was trained on: resnet50.a1_in1k.
    let name = stated.split(separator: ".").first.map(String.init) ?? stated
    let known = architectures[name] ?? name
    guard Architecture.isKnown(known) else { throw unknown(stated) }
    return known
  }

  static func unknown(_ name: String, because reason: String = "") -> Failure {
    .badData(
      "its architecture '\(name.shown)' is not one that Crossfire has\(reason)",
      hint:
        "save the model as a program with torch.export (docs/models.md); or "
        + "give its layers in an experiment, or an architecture from `crossfire list architectures` "
        + "with :architecture=")
  }

  /// Arguments of timm that change only sizes, which the weights show.
  private static let harmless: Set = ["num_classes", "img_size", "in_chans"]

  /// Refuses settings of timm with which a model of this name computes something else.
  private static func checkArguments(_ description: [String: Any], _ name: String) throws {
    let arguments = (description["model_args"] as? [String: Any] ?? [:]).keys
      .filter { !harmless.contains($0) }.sorted()
    guard arguments.isEmpty else {
      throw unknown(
        name, because: " with other \(arguments.prefix(8).joined(separator: ", ").shown)")
    }
    let isTransformer = name.hasPrefix("vit") || name.hasPrefix("deit")
    let pooling = description["global_pool"] as? String ?? ""
    guard ["", isTransformer ? "token" : "avg"].contains(pooling) else {
      throw unknown(name, because: " with the pooling '\(pooling.shown)'")
    }
  }
}
