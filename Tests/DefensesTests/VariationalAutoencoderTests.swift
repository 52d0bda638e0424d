import Datasets
import Defenses
import Foundation
import ModelCore
import Support
import Testing

@Suite("Variational autoencoders, and factors that their codes separate")
struct VariationalAutoencoderTests {
  private let shape = InputShape(channels: 1, height: 2, width: 3)

  private func network(_ autoencoder: VariationalAutoencoder) throws -> Network {
    try autoencoder.network(input: shape, valueRange: 0...1, seed: Seed(1), device: .cpu)
  }

  @Test("the encoder gives the means of the codes, and the decoder draws a picture")
  func layers() throws {
    let network = try network(VariationalAutoencoder(codes: 4, hidden: 5))
    let pictures = RandomSource(Seed(2)).uniform([3, 1, 2, 3])
    let encoder = VariationalAutoencoder.encoderLayers
    let codes = network.forward(pictures, .evaluation, layers: 0..<encoder)
    #expect(codes.shape == [3, 4])
    let moments = network.forward(pictures, .evaluation, layers: 0..<encoder - 1)
    #expect(moments.shape == [3, 8] && moments.narrow(1, 0, 4).floats() == codes.floats())
    let layers = encoder..<network.description.layers.layers.count
    let drawn = network.forward(codes, .evaluation, layers: layers)
    #expect(drawn.floats() == network.forward(pictures, .evaluation).floats())
    #expect(drawn.shape == [3, 6])
  }

  @Test("the loss is the squared error over 2σ² and β times the divergence, as written out")
  func loss() throws {
    let autoencoder = VariationalAutoencoder(codes: 2, hidden: 5, beta: 3, noise: 0.4)
    let network = try network(autoencoder)
    let pictures = RandomSource(Seed(2)).uniform([3, 1, 2, 3])
    let step = TrainingStep(
      network, Batch(images: pictures, labels: Tensor(labels: [0, 0, 0])), .training(dropout: nil),
      seed: Seed(7), readsCleanLogits: autoencoder.objective.readsCleanLogits)
    let terms = autoencoder.objective.terms(step)
    #expect(terms.map(\.name) == ["reconstruction", "divergence"])
    #expect(terms.map(\.weight) == [1, 3])
    let encoder = VariationalAutoencoder.encoderLayers
    let moments = network.forward(pictures, .evaluation, layers: 0..<encoder - 1).floats()
    let noise = ExampleDraws(Seed(7).derive("codes"), examples: Array(0..<3)).normal([2]).floats()
    var (divergence, codes) = (0.0, [Float]())
    for image in 0..<3 {
      for code in 0..<2 {
        let mean = Double(moments[4 * image + code])
        let logVariance = Double(moments[4 * image + 2 + code])
        divergence += 0.5 * (mean * mean + exp(logVariance) - 1 - logVariance) / 3
        codes.append(Float(mean + exp(logVariance / 2) * Double(noise[2 * image + code])))
      }
    }
    let layers = encoder..<network.description.layers.layers.count
    let drawn = network.forward(Tensor(codes, shape: [3, 2]), .evaluation, layers: layers).floats()
    let errors = zip(drawn, pictures.floats()).map { Double($0 - $1) * Double($0 - $1) }
    let reconstruction = errors.reduce(0, +) / 3 / (2 * 0.4 * 0.4)
    #expect(abs(terms[0].value.scalar - reconstruction) < 1e-5 * reconstruction)
    #expect(abs(terms[1].value.scalar - divergence) < 1e-5 * max(1, divergence))
  }

  @Test("of two codes for one factor, training uses one, and it follows the factor")
  func oneFactor() throws {
    let grey = RandomSource(Seed(3)).uniform([400, 1, 1, 1])
    let data = try LabelledImages(
      name: "greys", classNames: ["a", "b"],
      pixels: grey.expanded([400, 1, 2, 3]).contiguous, labels: [Int64](repeating: 0, count: 400))
    let autoencoder = VariationalAutoencoder(
      codes: 2, hidden: 16, beta: 1, noise: 0.1, epochs: 60, batchSize: 50, learningRate: 5e-3)
    let network = try network(autoencoder)
    _ = try Trainer(autoencoder.training(seed: Seed(4)), objective: autoencoder.objective).train(
      network, on: data, title: "test")
    let codes = withoutGradients {
      network.forward(
        data.batch(0..<400).images, .evaluation, layers: 0..<VariationalAutoencoder.encoderLayers)
    }
    func deviation(_ x: Tensor) -> Double { (x - x.mean()).square.mean().squareRoot.scalar }
    let spreads = (0..<2).map { deviation(codes.select(1, $0)) }
    #expect(spreads.max()! > 0.6 && spreads.min()! < 0.2, "\(spreads)")
    let used = codes.select(1, spreads[0] > spreads[1] ? 0 : 1)
    let factor = grey.reshaped([400])
    let covariance = ((used - used.mean()) * (factor - factor.mean())).mean().scalar
    #expect(abs(covariance) / (deviation(used) * deviation(factor)) > 0.97)
  }

  @Test("of two models for two factors that agree, each uses one factor")
  func twoFactors() throws {
    // Rows of two factors whose signs are the class, and of four numbers of noise.
    func rows(_ count: Int, _ seed: UInt64, agree: Bool) throws -> (LabelledImages, [Bool]) {
      let random = RandomSource(Seed(seed))
      let sizes = random.uniform([count, 2]).floats()
      let noise = random.normal([count, 4]).floats()
      let signs = random.integers(below: 2, [count, 2]).int64s()
      var (values, same) = ([Float](), [Bool]())
      for index in 0..<count {
        let first = signs[2 * index] == 1
        let second = agree ? first : signs[2 * index + 1] == 1
        for (place, sign) in [first, second].enumerated() {
          let size = 0.3 + 1.4 * sizes[2 * index + place]
          values.append(sign ? size : -size)
        }
        values += noise[4 * index..<4 * index + 4]
        same.append(first == second)
      }
      let data = try LabelledImages(
        name: "factors", classNames: ["a", "b"], pixels: Tensor(values, shape: [count, 6]),
        labels: (0..<count).map { signs[2 * $0] }, valueRange: -10...10)
      return (data, same)
    }
    let (train, _) = try rows(4000, 5, agree: true)
    let (test, same) = try rows(1000, 6, agree: false)
    let architecture = try Architecture.named("mlp 64")
    let networks = try (0..<2).map {
      try architecture.network(
        input: train.shape, classNames: train.classNames, valueRange: train.valueRange,
        seed: Seed(UInt64(10 + $0)))
    }
    _ = try SimultaneousTrainer(
      TrainingSettings(epochs: 25, batchSize: 64, optimizer: .adam(epsilon: 1e-8), seed: Seed(1)),
      objectives: networks.map { _ in CrossEntropy() }, lambda: 10
    ).train(networks, on: train, title: "test")
    // On rows whose factors disagree, a model that uses the first factor alone is always right, and
    // one that uses the second one alone never is.
    let differing = zip(same, test.labels.int64s()).enumerated().filter { !$0.element.0 }
    let shares = networks.map { network in
      let predicted = network.predictions(test.batch(0..<1000).images).int64s()
      let right = differing.count { predicted[$0.offset] == $0.element.1 }
      return Double(right) / Double(differing.count)
    }
    #expect(shares.max()! > 0.85 && shares.min()! < 0.15, "\(shares)")
  }
}
