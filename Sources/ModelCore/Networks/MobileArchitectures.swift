/// MobileNetV2, MobileNetV3 and EfficientNet-B0, with the names of torchvision and of timm.
extension Architecture {
  static let mobile: [Architecture] = [
    mobileNetV2, mobileNetV3("small"), mobileNetV3("large"), efficientNetB0,
  ]

  private static let mobileNetV2 = Architecture(
    name: "mobilenetv2",
    summary:
      "MobileNetV2: blocks that are wide inside, depthwise convolutions (Sandler et al. 2018)",
    { mobileNetV2Layers($0, .torchvision) },
    others: [NamingConvention({ mobileNetV2Layers($0, .timm) })])

  private static func mobileNetV2Layers(_ classes: Int, _ names: MobileNames) -> NamedLayers {
    let table = [
      (1, 1, 16, 1), (6, 2, 24, 2), (6, 2, 32, 3), (6, 2, 64, 4), (6, 1, 96, 3), (6, 2, 160, 3),
      (6, 1, 320, 1),
    ]
    var inputs = 32
    let stages = table.map { expansion, stride, outputs, count in
      (0..<count).map { index in
        defer { inputs = outputs }
        return MobileBlock(
          kernel: 3, inner: expansion * inputs, outputs: outputs, stride: index == 0 ? stride : 1,
          activation: "relu6", part: "conv", endsPlain: true)
      }
    }
    let network = MobileNetwork(inputs: 32, stages: stages, activation: "relu6")
    return network.features(names, counts: .blocks)
      + network.lastConvolution(1280, names, counts: .blocks)
      + .head(classes, names == .timm ? "classifier" : "classifier.1", dropout: 0.2)
  }

  private static func mobileNetV3(_ size: String) -> Architecture {
    Architecture(
      name: "mobilenetv3-\(size)",
      summary:
        "MobileNetV3 (\(size)): depthwise convolutions, squeeze and excitation, hard swish "
        + "(Howard et al. 2019)",
      { mobileNetV3Layers(size, $0, .torchvision) },
      others: [NamingConvention({ mobileNetV3Layers(size, $0, .timm) })])
  }

  private static func mobileNetV3Layers(_ size: String, _ classes: Int, _ names: MobileNames)
    -> NamedLayers
  {
    // The implementations add different numbers to the variances.
    let norm = names == .timm ? "batchnorm" : "batchnorm momentum 0.01 epsilon 0.001"
    let network = MobileNetwork(
      inputs: 16, stages: size == "small" ? MobileBlock.smallV3 : MobileBlock.largeV3,
      activation: "hardswish", norm: norm, gate: (activation: "relu", end: "hardsigmoid"))
    let (last, hidden) = size == "small" ? (576, 1024) : (960, 1280)
    let counts = MobileNetwork.Counts.blocks
    // In timm, the convolution after the blocks counts as a stage.
    let end =
      names == .timm
      ? NamedLayers.normalized(
        last, kernel: 1, norm: norm,
        ["conv", "bn1"].map { "blocks.\(network.stages.count).0.\($0)" }) + ["hardswish"]
      : network.lastConvolution(last, names, counts: counts)
    return network.features(names, counts: counts) + end + ["globalavgpool", "flatten"]
      + NamedLayers(
        ["linear \(hidden)", "hardswish", "dropout 0.2", "linear \(classes)"],
        names: names == .timm ? ["conv_head", "classifier"] : ["classifier.0", "classifier.3"])
  }

  private static let efficientNetB0 = Architecture(
    name: "efficientnet-b0",
    summary:
      "EfficientNet-B0: MobileNet's blocks with squeeze and excitation, SiLU (Tan & Le 2019)",
    { efficientNetLayers($0, .torchvision) },
    others: [NamingConvention({ efficientNetLayers($0, .timm) })])

  private static func efficientNetLayers(_ classes: Int, _ names: MobileNames) -> NamedLayers {
    let table = [
      (1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3),
      (6, 5, 2, 192, 4), (6, 3, 1, 320, 1),
    ]
    var inputs = 32
    var place = 0
    let stages = table.map { expansion, kernel, stride, outputs, count in
      (0..<count).map { index in
        // The probability of skipping a block in training grows from 0 to nearly 0.2.
        defer { (inputs, place) = (outputs, place + 1) }
        return MobileBlock(
          kernel: kernel, inner: expansion * inputs, outputs: outputs, squeezed: inputs / 4,
          stride: index == 0 ? stride : 1, activation: "silu", skipped: 0.2 * Double(place) / 16)
      }
    }
    let network = MobileNetwork(
      inputs: 32, stages: stages, activation: "silu", gate: (activation: "silu", end: "sigmoid"))
    return network.features(names, counts: .stages)
      + network.lastConvolution(1280, names, counts: .stages)
      + .head(classes, names == .timm ? "classifier" : "classifier.1", dropout: 0.2)
  }
}
