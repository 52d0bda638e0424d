import Support

/// A named family of networks that fits itself to an image shape and a number of classes.
///
/// A new architecture is one entry in `Architecture.all`.
public struct Architecture: Sendable {
  public let name: String
  public let summary: String
  public let initialization: Initialization
  private let layers: @Sendable (_ classes: Int) -> [String]
  /// What published weights call each layer that has any, in the order of the layers, a residual
  /// block's body before its shortcut; nil where they use our own names.
  private let published: [String]?

  init(
    name: String, summary: String, initialization: Initialization, published: [String]? = nil,
    layers: @escaping @Sendable (_ classes: Int) -> [String]
  ) {
    self.name = name
    self.summary = summary
    self.initialization = initialization
    self.published = published
    self.layers = layers
  }

  /// Every architecture, one entry each.
  public static let all: [Architecture] = [
    cnn, cnnSVHN, mlp, small, lenet, lenet5, lenetCaffe, vgg16, resnet18, resnet20, resnet56,
    wideResNet28x10,
  ]

  /// The names that published weights have for a network's tensors, by our own names.
  package func publishedNames(for description: NetworkDescription) throws -> [String: String] {
    guard var left = published?[...] else { return [:] }
    var layer = ""
    var theirs = ""
    return try description.parameters().reduce(into: [:]) { names, parameter in
      let parts = parameter.name.split(separator: ".")
      let own = parts.dropLast().joined(separator: ".")
      if own != layer { (layer, theirs) = (own, left.popFirst() ?? own) }
      names[parameter.name] = "\(theirs).\(parts.last ?? "")"
    }
  }

  /// - Throws: `Failure.usage` with the nearest name.
  public static func named(_ name: String) throws -> Architecture {
    guard let found = all.first(where: { $0.name == name }) else {
      throw Failure.usage(
        "unknown architecture '\(name)'", hint: hint(for: name, among: all.map(\.name)))
    }
    return found
  }

  /// The network for examples of a shape with these classes.
  /// - Parameter valueRange: the smallest and largest valid value.
  /// - Throws: `Failure.badData` if such examples are too small for it.
  public func description(
    input: InputShape, classNames: [String], valueRange: ClosedRange<Double> = 0...1
  ) throws -> NetworkDescription {
    try NetworkDescription(
      input: input, layers: LayerList(layers(classNames.count)), classNames: classNames,
      valueRange: valueRange)
  }

  /// A new, untrained network.
  public func network(
    input: InputShape, classNames: [String], valueRange: ClosedRange<Double> = 0...1, seed: Seed,
    device: Device = .cpu
  ) throws -> Network {
    try Network(
      description(input: input, classNames: classNames, valueRange: valueRange),
      initialization: initialization, seed: seed, device: device)
  }

  /// Two 5x5 convolutions and a hidden layer of 1,024, with batch normalisation: the network of A.
  /// Ross' thesis (2018).
  static let cnn = Architecture(
    name: "cnn",
    summary: "two 5x5 convolutions (32, 64), hidden 1024, batch normalisation, dropout (Ross 2018)",
    initialization: .xavierUniform
  ) { classes in ross(classes) }

  /// The same behind what the thesis does to house numbers, as layers, so that attacks go through
  /// it.
  static let cnnSVHN = Architecture(
    name: "cnn-svhn",
    summary:
      "cnn behind standardisation of each image and local contrast normalisation (Ross 2018)",
    initialization: .xavierUniform
  ) { classes in ["standardize", "localcontrast kernel 7 sigma 3"] + ross(classes) }

  private static func ross(_ classes: Int) -> [String] {
    [
      "conv 32 kernel 5 padding 2", "batchnorm", "relu", "maxpool 2",
      "conv 64 kernel 5 padding 2", "batchnorm", "relu", "maxpool 2",
      "flatten", "linear 1024", "batchnorm", "relu", "dropout 0.5", "linear \(classes)",
    ]
  }

  static let mlp = Architecture(
    name: "mlp", summary: "two hidden layers of 256 and 128", initialization: .kaimingUniform
  ) { classes in
    ["flatten", "linear 256", "relu", "linear 128", "relu", "linear \(classes)"]
  }

  static let small = Architecture(
    name: "small", summary: "two strided 4x4 convolutions (16, 32), hidden 100: trains in seconds",
    initialization: .kaimingUniform
  ) { classes in
    [
      "conv 16 kernel 4 stride 2 padding 1", "relu", "conv 32 kernel 4 stride 2 padding 1", "relu",
      "flatten", "linear 100", "relu", "linear \(classes)",
    ]
  }
}
