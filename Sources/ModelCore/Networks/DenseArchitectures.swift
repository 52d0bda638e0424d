/// VGG with batch normalisation and DenseNet-121, with the names of torchvision and timm.
extension Architecture {
  static let dense: [Architecture] = [
    vgg(11, [1, 1, 2, 2, 2]), vgg(13, [2, 2, 2, 2, 2]), vgg(16, [2, 2, 3, 3, 3]),
    vgg(19, [2, 2, 4, 4, 4]), denseNet121,
  ]

  /// - Parameter blocks: the convolutions of each block; Simonyan & Zisserman, 2015, table 1.
  private static func vgg(_ depth: Int, _ blocks: [Int]) -> Architecture {
    Architecture(
      name: "vgg\(depth)-bn",
      summary:
        "VGG-\(depth) for large images with batch normalisation, three linear layers "
        + "(Simonyan & Zisserman 2015)",
      { vggFeatures(blocks) + vggHead($0) },
      others: [NamingConvention({ vggFeatures(blocks) + vggConvolutionalHead($0) })])
  }

  private static func vggFeatures(_ blocks: [Int]) -> NamedLayers {
    var layers = NamedLayers()
    // The published names count all layers, also those without parameters.
    var place = 0
    for (count, width) in zip(blocks, [64, 128, 256, 512, 512]) {
      for _ in 0..<count {
        layers =
          layers
          + NamedLayers(
            ["conv \(width) kernel 3 padding 1", "batchnorm", "relu"],
            names: ["features.\(place)", "features.\(place + 1)"])
        place += 3
      }
      layers = layers + ["maxpool 2"]
      place += 1
    }
    return layers
  }

  private static func vggHead(_ classes: Int) -> NamedLayers {
    NamedLayers(
      [
        "adaptiveavgpool 7", "flatten", "linear 4096", "relu", "dropout 0.5", "linear 4096", "relu",
        "dropout 0.5", "linear \(classes)",
      ], names: ["classifier.0", "classifier.3", "classifier.6"])
  }

  /// The same with two convolutions in place of the first linear layers, as in timm.
  private static func vggConvolutionalHead(_ classes: Int) -> NamedLayers {
    NamedLayers(
      [
        "adaptiveavgpool 7", "conv 4096 kernel 7", "relu", "conv 4096 kernel 1", "relu", "flatten",
        "linear \(classes)",
      ], names: ["pre_logits.fc1", "pre_logits.fc2", "head.fc"])
  }

  /// Files from before 2019, such as torchvision's own, have `norm.1` where modules now have
  /// `norm1`.
  private static let denseNet121 = Architecture(
    name: "densenet121",
    summary: "DenseNet-121: four blocks in which each layer sees all before it (Huang et al. 2017)",
    { denseLayers($0, dot: "") }, others: [NamingConvention({ denseLayers($0, dot: ".") })])

  /// - Parameter dot: what stands before the numbers in `norm1` and `conv1`.
  private static func denseLayers(_ classes: Int, dot: String) -> NamedLayers {
    var layers = NamedLayers.normalized(
      64, kernel: 7, stride: 2, ["features.conv0", "features.norm0"])
    layers = layers + ["relu", "maxpool 3 stride 2 padding 1"]
    var channels = 64
    for (block, count) in [6, 12, 24, 16].enumerated() {
      for layer in 0..<count {
        let name = "features.denseblock\(block + 1).denselayer\(layer + 1)"
        let body =
          NamedLayers("batchnorm", "\(name).norm\(dot)1") + ["relu"]
          + .normalized(128, kernel: 1, ["\(name).conv\(dot)1", "\(name).norm\(dot)2"]) + ["relu"]
          + NamedLayers(NamedLayers.convolution(32, 3), "\(name).conv\(dot)2")
        layers = layers + body.inside("concat")
      }
      channels += 32 * count
      if block < 3 {
        let name = "features.transition\(block + 1)"
        channels /= 2
        layers =
          layers + NamedLayers("batchnorm", "\(name).norm") + ["relu"]
          + NamedLayers(NamedLayers.convolution(channels, 1), "\(name).conv") + ["avgpool 2"]
      }
    }
    return layers + NamedLayers("batchnorm", "features.norm5") + ["relu"]
      + NamedLayers.head(classes, "classifier")
  }
}
