import Datasets
import ModelCore
import Support

/// A variational autoencoder: a network that learns, without labels, to describe pictures by a few
/// numbers, the codes, and to draw the pictures from them again.
///
///     loss = mean over n of ‖x̂ₙ − xₙ‖² / (2σ²) + β · KL(N(μₙ, sₙ²) ‖ N(0, 1))
///
/// The encoder gives each picture xₙ means μₙ and variances sₙ² of the codes, and the decoder draws
/// x̂ₙ from codes with this distribution. The divergence KL is the sum over the codes of
/// ½·(μ² + s² − 1 − log s²). With a larger β the autoencoder keeps less, and describes what it keeps
/// by independent codes: if the pictures come from a few independent factors, each code tends to
/// follow one of them (a disentangled representation).
///
/// Sources: D. Kingma and M. Welling, "Auto-Encoding Variational Bayes" (2014); I. Higgins et al.,
/// "β-VAE" (2017), for β.
public struct VariationalAutoencoder: Configurable, Equatable {
  /// L, the number of codes.
  public var codes: Int
  /// The number of units in each of the encoder's two hidden layers, and of the decoder's.
  public var hidden: Int
  /// β, the weight of the divergence.
  public var beta: Double
  /// σ, the standard deviation of the noise that the decoder assumes, in units of pixel values.
  public var noise: Double
  public var epochs: Int
  public var batchSize: Int
  /// The learning rate of Adam. It falls to zero in half a cosine.
  public var learningRate: Double

  public init(
    codes: Int = 6, hidden: Int = 256, beta: Double = 4, noise: Double = 0.1, epochs: Int = 100,
    batchSize: Int = 128, learningRate: Double = 1e-3
  ) {
    self.codes = codes
    self.hidden = hidden
    self.beta = beta
    self.noise = noise
    self.epochs = epochs
    self.batchSize = batchSize
    self.learningRate = learningRate
  }

  public static let settings: [Setting<VariationalAutoencoder>] = [
    .int("codes", \.codes, in: 2...1000, "number of codes"),
    .int("hidden", \.hidden, in: 1...65_536, "units of each hidden layer"),
    .double("beta", \.beta, in: 0...1e6, "weight β of the divergence"),
    .double("noise", \.noise, in: 1e-6...1e6, "standard deviation σ of the pixels' noise"),
    .int("epochs", \.epochs, in: 1...100_000, "number of passes over the pictures"),
    .int("batchSize", \.batchSize, in: 2...100_000, "number of pictures in a step"),
    .double("learningRate", \.learningRate, in: 1e-12...1e3, "learning rate of Adam"),
  ]

  /// The most numbers that a picture may have.
  public static let mostPixels = 200_000

  /// The training of the autoencoder.
  /// - Parameter seed: the seed of the order of the pictures and of the codes that are drawn.
  public func training(seed: Seed) -> TrainingSettings {
    TrainingSettings(
      epochs: epochs, batchSize: batchSize,
      optimizer: .adam(rate: learningRate, epsilon: 1e-8), schedule: .cosine, seed: seed)
  }

  /// A new autoencoder with random weights: one network that draws each picture again, whose
  /// "classes" are the pixels. Its first `encoderLayers` layers give the codes.
  /// - Throws: `Failure.badData` if the pictures are too large.
  public func network(
    input: InputShape, valueRange: ClosedRange<Double>, seed: Seed, device: Device
  ) throws -> Network {
    guard input.count <= Self.mostPixels else {
      throw Failure.badData(
        "autoencoder: expected pictures of at most \(Self.mostPixels) numbers, found \(input.count) "
          + "in \(input)", hint: "reduce the pictures with the option resize of the data")
    }
    let units = "linear \(hidden)"
    let pixels = (0..<input.count).map { "pixel \($0)" }
    let layers = try LayerList(
      ["flatten", units, "relu", units, "relu", "linear \(2 * codes)", "codes"]
        + [units, "relu", units, "relu", "linear \(input.count)"])
    return try Network(
      NetworkDescription(
        input: input, layers: layers, classNames: pixels, valueRange: valueRange),
      initialization: .kaimingUniform, seed: seed, device: device)
  }

  /// The number of layers of an autoencoder from the picture to the codes.
  public static let encoderLayers = 7

  /// The loss that the training minimises.
  public var objective: any Objective { VariationalLoss(beta: beta, noise: noise) }
}

/// The loss of `VariationalAutoencoder`, whose network has its layers.
private struct VariationalLoss: Objective {
  let beta: Double
  let noise: Double

  /// The codes are drawn, so that a pass without draws is not needed.
  var readsCleanLogits: Bool { false }

  func terms(_ step: TrainingStep) -> [LossTerm] {
    // moments [N, 2·L]; mean, logVariance, codes [N, L]; drawn, errors [N, C·H·W]
    let (network, encoder) = (step.network, VariationalAutoencoder.encoderLayers)
    let moments = network.forward(step.images, step.pass, layers: 0..<encoder - 1)
    let count = moments.shape[1] / 2
    let mean = moments.narrow(1, 0, count)
    let logVariance = moments.narrow(1, count, count)
    let random = step.draws("codes").normal([count])
    let codes = mean + random * (logVariance * 0.5).exponential
    let drawn = network.forward(
      codes, step.pass, layers: encoder..<network.description.layers.layers.count)
    let errors = drawn - step.images.flattened
    let divergence = (mean.square + logVariance.exponential - 1 - logVariance).sum([1]) * 0.5
    return [
      LossTerm("reconstruction", errors.square.sum([1]).mean() / (2 * noise * noise)),
      LossTerm("divergence", weight: beta, divergence.mean()),
    ]
  }
}
