/// The WideResNets of RobustBench: those with ReLU have the names of xternalz/WideResNet-pytorch and
/// of TRADES, those with SiLU the names of its DMWideResNet.
extension Architecture {
  static let wide: [Architecture] = [(28, 10), (34, 10), (34, 20), (70, 16)].flatMap {
    [wideResNet(depth: $0, factor: $1), wideResNetSilu(depth: $0, factor: $1)]
  }

  /// The network of Zagoruyko & Komodakis, 2016. Normalisation and ReLU come before each
  /// convolution. Where the width changes, both the body and the shortcut of a block start after
  /// the first normalisation and ReLU, so these two stand before the block.
  private static func wideResNet(depth: Int, factor: Int) -> Architecture {
    // Published files contain a second first block, which no output depends on.
    let ignored = ["sub_block1."]
    return Architecture(
      name: "wideresnet\(depth)-\(factor)",
      summary:
        "WideResNet-\(depth)-\(factor): blocks of \(16 * factor), \(32 * factor) and "
        + "\(64 * factor) (Zagoruyko & Komodakis 2016)",
      { wideLayers(depth, factor, $0) }, ignored: ignored,
      others: [
        NamingConvention(
          { normalizedByTensors + wideLayers(depth, factor, $0) }, renamed: muAndSigma,
          ignored: ignored)
      ])
  }

  private static func wideLayers(_ depth: Int, _ factor: Int, _ classes: Int) -> NamedLayers {
    var layers = NamedLayers(NamedLayers.convolution(16, 3), "conv1")
    for (stage, width) in [16 * factor, 32 * factor, 64 * factor].enumerated() {
      for block in 0..<(depth - 4) / 6 {
        let name = "block\(stage + 1).layer.\(block)"
        let stride = stage > 0 && block == 0 ? 2 : 1
        let start = NamedLayers("batchnorm", "\(name).bn1") + ["relu"]
        let body =
          NamedLayers(NamedLayers.convolution(width, 3, stride: stride), "\(name).conv1")
          + NamedLayers("batchnorm", "\(name).bn2") + ["relu"]
          + NamedLayers(NamedLayers.convolution(width, 3), "\(name).conv2")
        let shortcut = NamedLayers(
          NamedLayers.convolution(width, 1, stride: stride), "\(name).convShortcut")
        layers =
          layers
          + (block == 0 ? start + body.residual(shortcut: shortcut) : (start + body).residual())
      }
    }
    return layers + NamedLayers("batchnorm", "bn1") + ["relu"] + NamedLayers.head(classes, "fc")
  }

  /// The network of Gowal et al., 2020: SiLU in place of ReLU, convolutions with a stride of 2 that
  /// are padded on the right and below only, and images that are normalised inside the model.
  ///
  /// Without the tensors `mean` and `std` in a file, the images are normalised by the mean and the
  /// deviation of CIFAR-10, or of CIFAR-100 if there are 100 classes.
  private static func wideResNetSilu(depth: Int, factor: Int) -> Architecture {
    Architecture(
      name: "wideresnet\(depth)-\(factor)-silu",
      summary:
        "WideResNet-\(depth)-\(factor) with SiLU, which normalises images of CIFAR itself "
        + "(Gowal et al. 2020)",
      { NamedLayers([cifarNormalization($0)]) + wideSiluLayers(depth, factor, $0) },
      others: [NamingConvention({ normalizedByTensors + wideSiluLayers(depth, factor, $0) })])
  }

  private static func cifarNormalization(_ classes: Int) -> String {
    classes == 100
      ? "normalize mean 0.5071,0.4865,0.4409 std 0.2673,0.2564,0.2762"
      : "normalize mean 0.4914,0.4822,0.4465 std 0.2471,0.2435,0.2616"
  }

  private static func wideSiluLayers(_ depth: Int, _ factor: Int, _ classes: Int) -> NamedLayers {
    var layers = NamedLayers(NamedLayers.convolution(16, 3), "init_conv")
    for (stage, width) in [16 * factor, 32 * factor, 64 * factor].enumerated() {
      for block in 0..<(depth - 4) / 6 {
        let name = "layer.\(stage).block.\(block)"
        let halves = stage > 0 && block == 0
        let start = NamedLayers("batchnorm", "\(name).batchnorm_0") + ["silu"]
        let first =
          halves
          ? NamedLayers(
            ["pad 0,1,0,1", "conv \(width) kernel 3 stride 2 bias off"], names: ["\(name).conv_0"])
          : NamedLayers(NamedLayers.convolution(width, 3), "\(name).conv_0")
        let body =
          first + NamedLayers("batchnorm", "\(name).batchnorm_1") + ["silu"]
          + NamedLayers(NamedLayers.convolution(width, 3), "\(name).conv_1")
        let shortcut = NamedLayers(
          NamedLayers.convolution(width, 1, stride: halves ? 2 : 1), "\(name).shortcut")
        layers =
          layers
          + (block == 0 ? start + body.residual(shortcut: shortcut) : (start + body).residual())
      }
    }
    return layers + NamedLayers("batchnorm", "batchnorm") + ["silu"]
      + NamedLayers.head(classes, "logits")
  }
}
