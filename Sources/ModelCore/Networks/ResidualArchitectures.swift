/// Residual networks for large images, with the names of torchvision and timm, and PreActResNet-18
/// with those of RobustBench.
extension Architecture {
  static let residual: [Architecture] = [
    imageNetResNet("resnet18-imagenet", depth: 18, [2, 2, 2, 2], bottleneck: false),
    imageNetResNet("resnet34-imagenet", depth: 34, [3, 4, 6, 3], bottleneck: false),
    imageNetResNet("resnet50-imagenet", depth: 50, [3, 4, 6, 3]),
    imageNetResNet("resnet101-imagenet", depth: 101, [3, 4, 23, 3]),
    Architecture(
      name: "wideresnet50-2",
      summary: "resnet50-imagenet with twice as wide 3x3 convolutions (Zagoruyko & Komodakis 2016)",
      { imageNetLayers([3, 4, 6, 3], bottleneck: true, factor: 2, $0) }),
    preActResNet18,
  ]

  private static func imageNetResNet(
    _ name: String, depth: Int, _ blocks: [Int], bottleneck: Bool = true
  ) -> Architecture {
    Architecture(
      name: name,
      summary:
        "ResNet-\(depth) for large images: 7x7 first convolution, pooling, "
        + "\(bottleneck ? "bottlenecks" : "basic blocks") (He et al. 2016)",
      { imageNetLayers(blocks, bottleneck: bottleneck, factor: 1, $0) })
  }

  /// - Parameter factor: how many times as wide the 3x3 convolutions of bottlenecks are.
  private static func imageNetLayers(
    _ blocks: [Int], bottleneck: Bool, factor: Int, _ classes: Int
  ) -> NamedLayers {
    var layers = NamedLayers.normalized(64, kernel: 7, stride: 2, ["conv1", "bn1"])
    layers = layers + ["relu", "maxpool 3 stride 2 padding 1"]
    var inputs = 64
    for (stage, count) in blocks.enumerated() {
      let width = 64 << stage
      let outputs = bottleneck ? 4 * width : width
      for index in 0..<count {
        let name = "layer\(stage + 1).\(index)"
        let stride = stage > 0 && index == 0 ? 2 : 1
        let projection = NamedLayers.normalized(
          outputs, kernel: 1, stride: stride, ["\(name).downsample.0", "\(name).downsample.1"])
        let body =
          bottleneck
          ? bottleneckBody(width * factor, outputs, stride, name) : basicBody(width, stride, name)
        let isPlain = stride == 1 && inputs == outputs
        layers =
          layers + body.residual(shortcut: isPlain ? NamedLayers() : projection) + ["relu"]
        inputs = outputs
      }
    }
    return layers + NamedLayers.head(classes, "fc")
  }

  private static func basicBody(_ width: Int, _ stride: Int, _ name: String) -> NamedLayers {
    .normalized(width, kernel: 3, stride: stride, ["\(name).conv1", "\(name).bn1"]) + ["relu"]
      + .normalized(width, kernel: 3, ["\(name).conv2", "\(name).bn2"])
  }

  /// The stride is in the 3x3 convolution, as in torchvision, and not in the first one.
  private static func bottleneckBody(
    _ width: Int, _ outputs: Int, _ stride: Int, _ name: String
  ) -> NamedLayers {
    .normalized(width, kernel: 1, ["\(name).conv1", "\(name).bn1"]) + ["relu"]
      + .normalized(width, kernel: 3, stride: stride, ["\(name).conv2", "\(name).bn2"]) + ["relu"]
      + .normalized(outputs, kernel: 1, ["\(name).conv3", "\(name).bn3"])
  }

  /// Four forms are published. In the first, the convolution of a shortcut takes the block's input
  /// as it is (RobustBench's PreActBlock), and in the second, it takes the normalised input
  /// (PreActBlockV2), and a last normalisation follows. Both exist with the mean and the deviation
  /// of the images among the tensors.
  private static let preActResNet18 = Architecture(
    name: "preactresnet18",
    summary:
      "ResNet-18 for small images with normalisation before each convolution (He et al. 2016)",
    { preActLayers($0, second: false) },
    others: [
      NamingConvention(
        { normalizedByTensors + preActLayers($0, second: false) }, renamed: muAndSigma),
      NamingConvention({ preActLayers($0, second: true) }),
      NamingConvention(
        { normalizedByTensors + preActLayers($0, second: true) }, renamed: muAndSigma),
    ])

  /// The normalisation of images by tensors of the model, as published in RobustBench.
  static let normalizedByTensors = NamedLayers("storednormalize", "")
  static let muAndSigma = ["mean": "mu", "std": "sigma"]

  private static func preActLayers(_ classes: Int, second: Bool) -> NamedLayers {
    var layers = NamedLayers(NamedLayers.convolution(64, 3), "conv1")
    var inputs = 64
    for (stage, width) in [64, 128, 256, 512].enumerated() {
      for index in 0..<2 {
        let name = "layer\(stage + 1).\(index)"
        let stride = stage > 0 && index == 0 ? 2 : 1
        let start = NamedLayers("batchnorm", "\(name).bn1") + ["relu"]
        let body =
          NamedLayers(NamedLayers.convolution(width, 3, stride: stride), "\(name).conv1")
          + NamedLayers("batchnorm", "\(name).bn2") + ["relu"]
          + NamedLayers(NamedLayers.convolution(width, 3), "\(name).conv2")
        let projection = NamedLayers(
          NamedLayers.convolution(width, 1, stride: stride), "\(name).shortcut.0")
        if inputs == width {
          layers = layers + (start + body).residual()
        } else if second {
          layers = layers + start + body.residual(shortcut: projection)
        } else {
          layers = layers + (start + body).residual(shortcut: projection)
        }
        inputs = width
      }
    }
    let end = second ? NamedLayers("batchnorm", "bn") + ["relu"] : NamedLayers()
    return layers + end + NamedLayers.head(classes, "linear")
  }
}
