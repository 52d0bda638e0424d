/// Networks for photographs whose layers are attention or large depthwise convolutions. Each has the
/// layers of its implementation in timm or torchvision, and reads weights under the names of both,
/// of the vision transformers also under those of Hugging Face's transformers. All weights start
/// with the standard deviation 0.02, as published.
extension Architecture {
  static let vitS16 = visionTransformer(
    "vit-s16", "ViT-S/16: patches of 16, 12 blocks of width 384 (Dosovitskiy et al. 2021)",
    width: 384, heads: 6)
  static let vitB16 = visionTransformer(
    "vit-b16", "ViT-B/16: patches of 16, 12 blocks of width 768 (Dosovitskiy et al. 2021)",
    width: 768, heads: 12)
  static let deitS16 = visionTransformer(
    "deit-s16", "DeiT-S/16: the layers of vit-s16, trained on ImageNet alone (Touvron et al. 2021)",
    width: 384, heads: 6)
  static let deitB16 = visionTransformer(
    "deit-b16", "DeiT-B/16: the layers of vit-b16, trained on ImageNet alone (Touvron et al. 2021)",
    width: 768, heads: 12)

  private static func visionTransformer(
    _ name: String, _ summary: String, width: Int, heads: Int
  ) -> Architecture {
    let depth = 12
    let huggingFace = [false, true].map { version5 in
      NamingConvention(VisionTransformerNames.huggingFace(depth, version5: version5)) {
        vitLayers(width, heads, depth, epsilon: "1e-12", $0)
      }
    }
    return Architecture(
      name: name, summary: summary, initialization: .truncatedNormal(deviation: 0.02),
      conventions: [
        NamingConvention(VisionTransformerNames.timm(depth)),
        NamingConvention(VisionTransformerNames.torchvision(depth)),
      ] + huggingFace
    ) { classes, _ in vitLayers(width, heads, depth, epsilon: "1e-6", classes) }
  }

  private static func vitLayers(
    _ width: Int, _ heads: Int, _ depth: Int, epsilon: String, _ classes: Int
  ) -> [String] {
    let norm = "layernorm epsilon \(epsilon)"
    let block = [
      "residual [\(norm); attention heads \(heads)]",
      "residual [\(norm); linear \(4 * width); gelu; linear \(width)]",
    ]
    return ["patches \(width) size 16", "classtoken", "positions"]
      + (0..<depth).flatMap { _ in block } + [norm, "token first", "linear \(classes)"]
  }

  /// I. Tolstikhin et al., "MLP-Mixer: An all-MLP Architecture for Vision" (2021). The hidden layer
  /// between tokens has 256 units and the one between channels 2,048.
  static let mixerS16 = Architecture(
    name: "mixer-s16",
    summary: "MLP-Mixer-S/16: patches of 16, 8 blocks of width 512 (Tolstikhin et al. 2021)",
    initialization: .truncatedNormal(deviation: 0.02),
    conventions: [NamingConvention(mixerNames)]
  ) { classes, input in
    // At least one, so that 'patches' is the layer that refuses a picture that is too small.
    let tokens = max(1, input.height / 16 * (input.width / 16))
    let norm = "layernorm epsilon 1e-6"
    let block = [
      "residual [\(norm); transpose; linear 256; gelu; linear \(tokens); transpose]",
      "residual [\(norm); linear 2048; gelu; linear 512]",
    ]
    return ["patches 512 size 16"] + (0..<8).flatMap { _ in block }
      + [norm, "token mean", "linear \(classes)"]
  }

  private static let mixerNames: [NamingConvention.Layer] =
    ["stem.proj.*"]
    + (0..<8).flatMap { index -> [NamingConvention.Layer] in
      let block = "blocks.\(index)"
      return [
        "\(block).norm1.*", "\(block).mlp_tokens.fc1.*", "\(block).mlp_tokens.fc2.*",
        "\(block).norm2.*", "\(block).mlp_channels.fc1.*", "\(block).mlp_channels.fc2.*",
      ]
    } + ["norm.*", "head.*"]
}
