/// Architectures from the literature. They read published weights for CIFAR-10, whose parameters
/// have the names of widely used implementations.
///
/// The names follow kuangliu/pytorch-cifar (LeNet, VGG-16, ResNet-18),
/// and akamaster/pytorch_resnet_cifar10 (ResNet-20 to ResNet-110).
extension Architecture {
  private static let fullyConnected = ["conv1", "conv2", "fc1", "fc2", "fc3"]

  static let lenet = Architecture(
    name: "lenet",
    summary: "LeNet with ReLU and maximum pooling: two 5x5 convolutions (6, 16), hidden 120 and 84",
    initialization: .kaimingUniform, published: fullyConnected
  ) { classes in
    [
      "conv 6 kernel 5", "relu", "maxpool 2", "conv 16 kernel 5", "relu", "maxpool 2",
      "flatten", "linear 120", "relu", "linear 84", "relu", "linear \(classes)",
    ]
  }

  static let lenet5 = Architecture(
    name: "lenet5",
    summary:
      "LeNet-5 as published in 1998: tanh, mean pooling, pictures padded by 2 (LeCun et al.)",
    initialization: .xavierUniform, published: fullyConnected
  ) { classes in
    [
      "conv 6 kernel 5 padding 2", "tanh", "avgpool 2", "conv 16 kernel 5", "tanh", "avgpool 2",
      "flatten", "linear 120", "tanh", "linear 84", "tanh", "linear \(classes)",
    ]
  }

  static let lenetCaffe = Architecture(
    name: "lenet-caffe", summary: "Caffe's LeNet: two 5x5 convolutions (20, 50), hidden 500",
    initialization: .xavierUniform, published: ["conv1", "conv2", "fc1", "fc2"]
  ) { classes in
    [
      "conv 20 kernel 5", "maxpool 2", "conv 50 kernel 5", "maxpool 2",
      "flatten", "linear 500", "relu", "linear \(classes)",
    ]
  }

  /// The convolutions of VGG-16 by block; Simonyan & Zisserman, 2015, configuration D.
  private static let vggBlocks = [
    [64, 64], [128, 128], [256, 256, 256], [512, 512, 512], [512, 512, 512],
  ]

  static let vgg16 = Architecture(
    name: "vgg16",
    summary: "VGG-16 for small images: 13 convolutions with batch normalisation, one linear layer",
    initialization: .kaimingNormal, published: vggNames
  ) { classes in vggLayers(dividedBy: 1, classes) }

  static let vgg16Narrow = Architecture(
    name: "vgg16-narrow",
    summary: "vgg16 with a quarter of its channels, for training without a GPU",
    initialization: .kaimingNormal
  ) { classes in vggLayers(dividedBy: 4, classes) }

  private static func vggLayers(dividedBy divisor: Int, _ classes: Int) -> [String] {
    let blocks = vggBlocks.map { block in
      block.flatMap { ["conv \($0 / divisor) kernel 3 padding 1", "batchnorm", "relu"] }
        + ["maxpool 2"]
    }
    return blocks.flatMap { $0 } + ["flatten", "linear \(classes)"]
  }

  private static let vggNames: [String] = {
    // The published names count all layers, also those without parameters: convolution,
    // normalisation and ReLU, and a pooling after each block.
    var place = 0
    let names = vggBlocks.flatMap { block -> [String] in
      defer { place += 3 * block.count + 1 }
      return block.indices.flatMap {
        ["features.\(place + 3 * $0)", "features.\(place + 3 * $0 + 1)"]
      }
    }
    return names + ["classifier"]
  }()

  static let resnet18 = Architecture(
    name: "resnet18",
    summary:
      "ResNet-18 for small images: 3x3 first convolution, blocks of 64 to 512 (He et al. 2016)",
    initialization: .kaimingNormal,
    published: residualNames(blocks: 2, stages: 4, projecting: 2...4)
  ) { classes in
    let stages = [(64, 1), (128, 2), (256, 2), (512, 2)].enumerated().flatMap { index, stage in
      let (width, stride) = stage
      let shortcut =
        index == 0 ? "" : " shortcut [conv \(width) kernel 1 stride \(stride) bias off; batchnorm]"
      return [basicBlock(width, stride, shortcut), "relu", basicBlock(width, 1, ""), "relu"]
    }
    return ["conv 64 kernel 3 padding 1 bias off", "batchnorm", "relu"] + stages
      + ["globalavgpool", "flatten", "linear \(classes)"]
  }

  static let cifarResNets = [20, 32, 44, 56, 110].map(cifarResNet)

  /// The networks of He et al., 2016, section 4.2, with 6n + 2 layers and shortcuts without
  /// parameters (their option A).
  private static func cifarResNet(depth: Int) -> Architecture {
    let blocks = (depth - 2) / 6
    return Architecture(
      name: "resnet\(depth)",
      summary:
        "ResNet-\(depth) for CIFAR: blocks of 16, 32 and 64, shortcuts without weights "
        + "(He et al. 2016)",
      initialization: .kaimingNormal,
      published: residualNames(blocks: blocks, stages: 3, projecting: nil)
    ) { classes in
      let stages = [16, 32, 64].flatMap { width in
        (0..<blocks).flatMap { block in
          let grows = width > 16 && block == 0
          // Every second pixel of every second row, and channels of zeros on both sides, which
          // double the number of channels.
          let shortcut = grows ? " shortcut [maxpool 1 stride 2; padchannels \(width / 4)]" : ""
          return [basicBlock(width, grows ? 2 : 1, shortcut), "relu"]
        }
      }
      return ["conv 16 kernel 3 padding 1 bias off", "batchnorm", "relu"] + stages
        + ["globalavgpool", "flatten", "linear \(classes)"]
    }
  }

  /// A block of two 3x3 convolutions with batch normalisation, without the ReLU after the sum.
  private static func basicBlock(_ width: Int, _ stride: Int, _ shortcut: String) -> String {
    "residual [conv \(width) kernel 3 stride \(stride) padding 1 bias off; batchnorm; relu; "
      + "conv \(width) kernel 3 padding 1 bias off; batchnorm]" + shortcut
  }

  /// The published names of a residual network's layers with parameters.
  /// - Parameter projecting: the stages whose first block has a convolution in its shortcut; nil if
  ///   none has.
  private static func residualNames(blocks: Int, stages: Int, projecting: ClosedRange<Int>?)
    -> [String]
  {
    let all = (1...stages).flatMap { stage in
      (0..<blocks).flatMap { block -> [String] in
        let name = "layer\(stage).\(block)"
        let projects = block == 0 && projecting?.contains(stage) == true
        return ["conv1", "bn1", "conv2", "bn2"].map { "\(name).\($0)" }
          + (projects ? ["\(name).shortcut.0", "\(name).shortcut.1"] : [])
      }
    }
    return ["conv1", "bn1"] + all + ["linear"]
  }
}
