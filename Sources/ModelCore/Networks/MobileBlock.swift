/// The implementations whose names weights of mobile networks have.
enum MobileNames { case torchvision, timm }

/// An inverted residual block: a 1x1 convolution to `inner` channels unless the input has as many, a
/// depthwise convolution, squeeze and excitation, and a 1x1 convolution to `outputs` channels. The
/// input is added if it has the shape of the output.
struct MobileBlock: Sendable {
  var kernel: Int
  var inner: Int
  var outputs: Int
  /// The channels in the middle of squeeze and excitation; 0 for none.
  var squeezed = 0
  var stride: Int
  var activation: String
  /// The name of the block's list of layers in torchvision.
  var part = "block"
  /// Whether the last convolution and its normalisation are entries of that list themselves.
  var endsPlain = false
  /// The probability with which training skips the block, where its input is added.
  var skipped = 0.0

  /// The blocks of MobileNetV3 small by stage; Howard et al., 2019, table 2.
  static let smallV3: [[MobileBlock]] = [
    [relu(3, 16, 16, 8, stride: 2)],
    [relu(3, 72, 24, stride: 2), relu(3, 88, 24)],
    [hard(5, 96, 40, 24, stride: 2), hard(5, 240, 40, 64), hard(5, 240, 40, 64)],
    [hard(5, 120, 48, 32), hard(5, 144, 48, 40)],
    [hard(5, 288, 96, 72, stride: 2), hard(5, 576, 96, 144), hard(5, 576, 96, 144)],
  ]

  /// The blocks of MobileNetV3 large by stage; table 1.
  static let largeV3: [[MobileBlock]] = [
    [relu(3, 16, 16)],
    [relu(3, 64, 24, stride: 2), relu(3, 72, 24)],
    [relu(5, 72, 40, 24, stride: 2), relu(5, 120, 40, 32), relu(5, 120, 40, 32)],
    [hard(3, 240, 80, stride: 2), hard(3, 200, 80), hard(3, 184, 80), hard(3, 184, 80)],
    [hard(3, 480, 112, 120), hard(3, 672, 112, 168)],
    [hard(5, 672, 160, 168, stride: 2), hard(5, 960, 160, 240), hard(5, 960, 160, 240)],
  ]

  private static func relu(
    _ kernel: Int, _ inner: Int, _ outputs: Int, _ squeezed: Int = 0, stride: Int = 1
  ) -> MobileBlock {
    MobileBlock(
      kernel: kernel, inner: inner, outputs: outputs, squeezed: squeezed, stride: stride,
      activation: "relu")
  }

  private static func hard(
    _ kernel: Int, _ inner: Int, _ outputs: Int, _ squeezed: Int = 0, stride: Int = 1
  ) -> MobileBlock {
    MobileBlock(
      kernel: kernel, inner: inner, outputs: outputs, squeezed: squeezed, stride: stride,
      activation: "hardswish")
  }
}

/// A network of inverted residual blocks after a strided 3x3 convolution.
struct MobileNetwork: Sendable {
  /// The channels of the first convolution.
  var inputs: Int
  var stages: [[MobileBlock]]
  var activation: String
  var norm = "batchnorm"
  /// The activations inside and at the end of squeeze and excitation.
  var gate = (activation: "relu", end: "sigmoid")

  /// What the entries of torchvision's list `features` are.
  enum Counts { case blocks, stages }

  /// The first convolution and all blocks.
  func features(_ names: MobileNames, counts: Counts) -> NamedLayers {
    let stem = names == .timm ? ["conv_stem", "bn1"] : ["features.0.0", "features.0.1"]
    var layers =
      NamedLayers.normalized(inputs, kernel: 3, stride: 2, norm: norm, stem) + [activation]
    var inputs = inputs
    var place = 1
    for (stage, blocks) in stages.enumerated() {
      for (index, block) in blocks.enumerated() {
        let prefix =
          switch (names, counts) {
          case (.timm, _): "blocks.\(stage).\(index)"
          case (_, .blocks): "features.\(place)"
          case (_, .stages): "features.\(stage + 1).\(index)"
          }
        layers = layers + layersOf(block, inputs: inputs, names, prefix)
        (inputs, place) = (block.outputs, place + 1)
      }
    }
    return layers
  }

  /// The 1x1 convolution after the blocks.
  func lastConvolution(_ outputs: Int, _ names: MobileNames, counts: Counts) -> NamedLayers {
    let place = 1 + (counts == .blocks ? stages.reduce(0) { $0 + $1.count } : stages.count)
    let own =
      names == .timm ? ["conv_head", "bn2"] : ["features.\(place).0", "features.\(place).1"]
    return NamedLayers.normalized(outputs, kernel: 1, norm: norm, own) + [activation]
  }

  private func layersOf(
    _ block: MobileBlock, inputs: Int, _ names: MobileNames, _ prefix: String
  ) -> NamedLayers {
    let expands = block.inner != inputs
    var texts: [String] = []
    if expands { texts += [NamedLayers.convolution(block.inner, 1), norm, block.activation] }
    texts += [
      NamedLayers.convolution(block.inner, block.kernel, stride: block.stride, groups: block.inner),
      norm, block.activation,
    ]
    if block.squeezed > 0 {
      texts.append(
        "gate [globalavgpool; conv \(block.squeezed) kernel 1; \(gate.activation); "
          + "conv \(block.inner) kernel 1; \(gate.end)]")
    }
    texts += [NamedLayers.convolution(block.outputs, 1), norm]
    let own =
      names == .timm ? timmNames(block, expands) : torchvisionNames(block, expands)
    var layers = NamedLayers(texts, names: own.map { "\(prefix).\($0)" })
    guard block.stride == 1, inputs == block.outputs else { return layers }
    if block.skipped > 0 { layers = layers + ["stochasticdepth \(block.skipped)"] }
    return layers.residual()
  }

  private func torchvisionNames(_ block: MobileBlock, _ expands: Bool) -> [String] {
    let units = expands ? 2 : 1
    var names = (0..<units).flatMap { ["\(block.part).\($0).0", "\(block.part).\($0).1"] }
    let squeezes = block.squeezed > 0
    if squeezes { names += ["\(block.part).\(units).fc1", "\(block.part).\(units).fc2"] }
    let last = units + (squeezes ? 1 : 0)
    return names
      + (block.endsPlain
        ? ["\(block.part).\(last)", "\(block.part).\(last + 1)"]
        : ["\(block.part).\(last).0", "\(block.part).\(last).1"])
  }

  private func timmNames(_ block: MobileBlock, _ expands: Bool) -> [String] {
    let gate = block.squeezed > 0 ? ["se.conv_reduce", "se.conv_expand"] : []
    return expands
      ? ["conv_pw", "bn1", "conv_dw", "bn2"] + gate + ["conv_pwl", "bn3"]
      : ["conv_dw", "bn1"] + gate + ["conv_pw", "bn2"]
  }
}
