/// Networks for photographs with four stages of pictures, each half the size of the one before: Swin
/// Transformer and ConvNeXt, in the form of torchvision. They take pictures of any size from 32x32.
extension Architecture {
  private static let stages = [96, 192, 384, 768]

  /// Z. Liu et al., "Swin Transformer: Hierarchical Vision Transformer using Shifted Windows"
  /// (2021). Linear layers of its pixels are convolutions with 1x1 kernels.
  static let swinT = Architecture(
    name: "swin-t",
    summary: "Swin-T: attention in shifted 7x7 windows, widths 96 to 768 (Liu et al. 2021)",
    initialization: .truncatedNormal(deviation: 0.02),
    conventions: [
      NamingConvention(swinNames(torchvision: true), derived: swinDerived),
      NamingConvention(swinNames(torchvision: false), derived: swinDerived),
    ]
  ) { classes, _ in
    let parts = zip(stages, swinDepths).enumerated().flatMap { stage, shape in
      let (width, depth) = shape
      let merging = ["mergepatches", "layernorm", "conv \(width) kernel 1 bias off"]
      let blocks = (0..<depth).flatMap { block in
        let skipping = skipping(0.2, block, of: swinDepths, stage)
        return [
          "residual [layernorm; windowattention heads \(width / 32) window 7"
            + (block % 2 == 1 ? " shift 3" : "") + skipping + "]",
          "residual [layernorm; \(perceptron(width))\(skipping)]",
        ]
      }
      return (stage == 0 ? [] : merging) + blocks
    }
    return ["conv 96 kernel 4 stride 4", "layernorm"] + parts
      + ["layernorm", "globalavgpool", "flatten", "linear \(classes)"]
  }

  /// Z. Liu et al., "A ConvNet for the 2020s" (2022).
  static let convNeXtT = Architecture(
    name: "convnext-t",
    summary: "ConvNeXt-T: depthwise 7x7 convolutions, widths 96 to 768 (Liu et al. 2022)",
    initialization: .truncatedNormal(deviation: 0.02),
    conventions: [
      NamingConvention(convNeXtNames(torchvision: true)),
      NamingConvention(convNeXtNames(torchvision: false)),
    ]
  ) { classes, _ in
    let norm = "layernorm epsilon 1e-6"
    let parts = zip(stages, convNeXtDepths).enumerated().flatMap { stage, shape in
      let (width, depth) = shape
      let blocks = (0..<depth).map { block in
        "residual [conv \(width) kernel 7 padding 3 groups \(width); \(norm); "
          + "\(perceptron(width)); layerscale 1e-6"
          + skipping(0.1, block, of: convNeXtDepths, stage) + "]"
      }
      return (stage == 0 ? [] : [norm, "conv \(width) kernel 2 stride 2"]) + blocks
    }
    return ["conv 96 kernel 4 stride 4", norm] + parts
      + ["globalavgpool", norm, "flatten", "linear \(classes)"]
  }

  /// Two linear maps of each pixel's channels, with four times as many channels between them.
  private static func perceptron(_ width: Int) -> String {
    "conv \(4 * width) kernel 1; gelu; conv \(width) kernel 1"
  }

  /// The stochastic depth at the end of a block. Its probability grows from 0 in the first block to
  /// `most` in the last block of the network.
  private static func skipping(_ most: Double, _ block: Int, of depths: [Int], _ stage: Int)
    -> String
  {
    let place = depths[..<stage].reduce(0, +) + block
    let share = Double(place) / Double(depths.reduce(0, +) - 1)
    let probability = (most * share * 1e6).rounded() / 1e6
    return probability == 0 ? "" : "; stochasticdepth \(probability)"
  }

  private static let swinDepths = [2, 2, 6, 2]
  private static let convNeXtDepths = [3, 3, 9, 3]
  private static let swinDerived: Set = ["relative_position_index", "attn_mask"]

  private static func swinNames(torchvision: Bool) -> [NamingConvention.Layer] {
    let stages = swinDepths.enumerated().flatMap { stage, depth -> [NamingConvention.Layer] in
      let merging = torchvision ? "features.\(2 * stage)" : "layers.\(stage).downsample"
      let blocks = (0..<depth).flatMap { index -> [NamingConvention.Layer] in
        let block =
          torchvision ? "features.\(2 * stage + 1).\(index)" : "layers.\(stage).blocks.\(index)"
        let mlp = torchvision ? ["mlp.0", "mlp.3"] : ["mlp.fc1", "mlp.fc2"]
        return [
          "\(block).norm1.*", "\(block).attn.qkv.*", "\(block).attn.proj.*", "\(block).attn.*",
          "\(block).norm2.*", "\(block).\(mlp[0]).*", "\(block).\(mlp[1]).*",
        ]
      }
      return (stage == 0 ? [] : ["\(merging).norm.*", "\(merging).reduction.*"]) + blocks
    }
    return torchvision
      ? ["features.0.0.*", "features.0.2.*"] + stages + ["norm.*", "head.*"]
      : ["patch_embed.proj.*", "patch_embed.norm.*"] + stages + ["norm.*", "head.fc.*"]
  }

  private static func convNeXtNames(torchvision: Bool) -> [NamingConvention.Layer] {
    let stages = convNeXtDepths.enumerated().flatMap { stage, depth -> [NamingConvention.Layer] in
      let shrinking = torchvision ? "features.\(2 * stage)" : "stages.\(stage).downsample"
      let blocks = (0..<depth).flatMap { index -> [NamingConvention.Layer] in
        let block =
          torchvision ? "features.\(2 * stage + 1).\(index)" : "stages.\(stage).blocks.\(index)"
        let parts =
          torchvision
          ? ["block.0.*", "block.2.*", "block.3.*", "block.5.*", "layer_scale"]
          : ["conv_dw.*", "norm.*", "mlp.fc1.*", "mlp.fc2.*", "gamma"]
        return parts.map { "\(block).\($0)" }
      }
      return (stage == 0 ? [] : ["\(shrinking).0.*", "\(shrinking).1.*"]) + blocks
    }
    return torchvision
      ? ["features.0.0.*", "features.0.1.*"] + stages + ["classifier.0.*", "classifier.2.*"]
      : ["stem.0.*", "stem.1.*"] + stages + ["head.norm.*", "head.fc.*"]
  }
}
