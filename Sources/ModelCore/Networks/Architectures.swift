import Support

/// A named family of networks, one for each input shape and number of classes.
///
///     let network = try Architecture.named("cnn").network(
///       input: InputShape(channels: 1, height: 28, width: 28),
///       classNames: (0..<10).map(String.init), seed: Seed(1))
///
/// To add an architecture, add an entry to `Architecture.all`, and a row to docs/models.md if
/// published weights of it can be read.
public struct Architecture: Sendable {
  public let name: String
  /// What it is, on one line.
  public let summary: String
  public let initialization: Initialization
  /// The names that published weights may have instead of those of `NetworkDescription`.
  package let conventions: [NamingConvention]
  private let layers: @Sendable (_ classes: Int, _ input: InputShape) -> [String]

  /// - Parameter published: the names that published weights give to the layers with parameters, in
  ///   the order of the layers, as `NamingConvention` has them; nil if they use the names that
  ///   `NetworkDescription` gives.
  init(
    name: String, summary: String, initialization: Initialization, published: [String]? = nil,
    layers: @escaping @Sendable (_ classes: Int) -> [String]
  ) {
    let names = published.map { $0.map { NamingConvention.Layer(joining: ["\($0).*"]) } }
    self.init(
      name: name, summary: summary, initialization: initialization,
      conventions: names.map { [NamingConvention($0)] } ?? []
    ) { classes, _ in layers(classes) }
  }

  init(
    name: String, summary: String, initialization: Initialization, conventions: [NamingConvention],
    layers: @escaping @Sendable (_ classes: Int, _ input: InputShape) -> [String]
  ) {
    self.name = name
    self.summary = summary
    self.initialization = initialization
    self.conventions = conventions
    self.layers = layers
  }

  /// All architectures.
  public static let all: [Architecture] =
    [
      cnn, cnnSVHN, mlp, small, lenet, lenet5, lenetCaffe, vgg16, vgg16Narrow, resnet18,
    ] + cifarResNets + wide + residual + mobile + dense + [
      vitS16, vitB16, deitS16, deitB16, swinT, convNeXtT, mixerS16,
    ]

  /// The architecture with a name, such as `cnn`, or `mlp 50 30` for fully connected layers of other
  /// sizes than those of `mlp`. `mlp 50 30 softplus` has softplus in place of ReLU; every activation
  /// without settings can stand there.
  /// - Throws: `Failure.usage`, with the nearest name as a hint.
  public static func named(_ name: String) throws -> Architecture {
    if let found = all.first(where: { $0.name == name }) ?? fullyConnected(named: name) {
      return found
    }
    throw Failure.usage(
      "unknown architecture '\(name)'",
      hint: name.hasPrefix("mlp ")
        ? "after mlp, state the size of each hidden layer, from 1 to 65536, and then an activation "
          + "other than relu, such as 'mlp 50 30' or 'mlp 50 30 softplus'"
        : hint(for: name, among: all.map(\.name)))
  }

  /// Whether `named(_:)` knows a name.
  public static func isKnown(_ name: String) -> Bool { (try? named(name)) != nil }

  /// The network of this family for inputs of a shape and for these classes, without parameters.
  /// - Parameter valueRange: the smallest and largest valid value of an input.
  /// - Throws: `Failure.badData` if the architecture cannot take such inputs, for example if the
  ///   pictures are too small for it, or if it needs pictures and the inputs are rows of a table.
  public func description(
    input: InputShape, classNames: [String], valueRange: ClosedRange<Double> = 0...1
  ) throws -> NetworkDescription {
    try description(
      input: input, classNames: classNames, valueRange: valueRange, convention: nil)
  }

  /// The same with the layers of a published implementation.
  package func description(
    input: InputShape, classNames: [String], valueRange: ClosedRange<Double>,
    convention: NamingConvention?
  ) throws -> NetworkDescription {
    let texts = convention?.variant?(classNames.count) ?? layers(classNames.count, input)
    return try NetworkDescription(
      input: input, layers: LayerList(texts), classNames: classNames, valueRange: valueRange)
  }

  /// A new, untrained network with random weights from `seed`.
  /// - Parameter initialization: the distribution of the weights; nil for that of the architecture.
  /// - Throws: `Failure.badData` as `description(input:classNames:)` does.
  public func network(
    input: InputShape, classNames: [String], valueRange: ClosedRange<Double> = 0...1,
    initialization: Initialization? = nil, seed: Seed, device: Device = .cpu
  ) throws -> Network {
    try Network(
      description(input: input, classNames: classNames, valueRange: valueRange),
      initialization: initialization ?? self.initialization, seed: seed, device: device)
  }

  /// The network of A. Ross, "Training Machine Learning Models by Regularizing their Explanations"
  /// (2018), which the comments below call "the thesis": two 5x5 convolutions and a hidden layer of
  /// 1,024, with batch normalisation.
  static let cnn = Architecture(
    name: "cnn",
    summary: "two 5x5 convolutions (32, 64), hidden 1024, batch normalisation, dropout (Ross 2018)",
    initialization: .xavierUniform
  ) { classes in ross(classes) }

  /// The same network behind the preprocessing that the thesis uses for street view house numbers.
  /// The preprocessing consists of layers, so that attacks differentiate through it.
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

  /// A small fully connected network. It also takes rows of a table.
  static let mlp = fullyConnected(
    [256, 128], name: "mlp",
    summary: "fully connected, hidden layers of 256 and 128; 'mlp 50 30' has layers of 50 and 30")

  /// The activations that may follow the sizes in the name of a fully connected network.
  private static let activations = [
    "relu", "tanh", "sigmoid", "softplus", "elu", "gelu", "silu", "relu6", "hardsigmoid",
    "hardswish",
  ]

  /// The network whose hidden layers have the sizes, and whose activation is the one, in a name such
  /// as `mlp 50 30` or `mlp 10 softplus`; nil if the text is not of this form.
  private static func fullyConnected(named name: String) -> Architecture? {
    var words = name.split(separator: " ", omittingEmptySubsequences: false).dropFirst(0)
    guard words.popFirst() == "mlp", let last = words.last.map(String.init) else { return nil }
    let activation = activations.first { $0 == last }
    if activation != nil { words.removeLast() }
    let sizes = words.compactMap { (1...65_536).number(String($0)) }
    guard (1...64).contains(sizes.count), sizes.count == words.count else { return nil }
    let layers = sizes.map(String.init).joined(separator: ", ")
    return fullyConnected(
      sizes, activation: activation ?? "relu", name: name,
      summary: "fully connected, hidden layers of \(layers)" + (activation.map { ", \($0)" } ?? ""))
  }

  private static func fullyConnected(
    _ sizes: [Int], activation: String = "relu", name: String, summary: String
  ) -> Architecture {
    Architecture(name: name, summary: summary, initialization: .kaimingUniform) { classes in
      ["flatten"] + sizes.flatMap { ["linear \($0)", activation] } + ["linear \(classes)"]
    }
  }

  /// The network for MNIST of E. Wong, L. Rice and J. Z. Kolter, "Fast is better than free" (2020).
  static let small = Architecture(
    name: "small",
    summary:
      "two strided 4x4 convolutions (16, 32), hidden 100: trains in seconds (Wong et al. 2020)",
    initialization: .kaimingUniform
  ) { classes in
    [
      "conv 16 kernel 4 stride 2 padding 1", "relu", "conv 32 kernel 4 stride 2 padding 1", "relu",
      "flatten", "linear 100", "relu", "linear \(classes)",
    ]
  }
}
