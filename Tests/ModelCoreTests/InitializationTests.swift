import Support
import Testing

@testable import ModelCore

@Suite("Weights start with the distributions of Glorot and of He")
struct InitializationTests {
  /// A layer, the shape of its input, and the number of inputs and outputs of each unit.
  static let layers: [(text: String, input: [Int], inputs: Double, outputs: Double)] = [
    ("linear 300", [500], 500, 300),
    ("conv 64 kernel 5", [32, 8, 8], 800, 1600),
    ("conv 64 kernel 3x5 groups 2", [32, 8, 8], 240, 480),
  ]

  private func weight(_ initialization: Initialization, _ layer: Int, seed: UInt64 = 1) throws
    -> Tensor
  {
    let (text, input, _, _) = Self.layers[layer]
    return try LayerList([text]).parameters(for: input)[0].start(
      initialization, RandomSource(Seed(seed)))
  }

  @Test(
    "uniform weights reach the bound b and have variance b²/3",
    arguments: [Initialization.xavierUniform, .kaimingUniform, .torchDefault],
    layers.indices)
  func uniform(_ initialization: Initialization, _ layer: Int) throws {
    let (_, _, inputs, outputs) = Self.layers[layer]
    let square =
      switch initialization {
      case .xavierUniform: 6 / (inputs + outputs)
      case .kaimingUniform: 6 / inputs
      default: 1 / inputs
      }
    let bound = square.squareRoot()
    let weight = try weight(initialization, layer)
    let largest = weight.absolute.max().scalar
    #expect(largest <= bound * (1 + 1e-6))
    #expect(largest > bound * 0.99)
    #expect(abs(weight.square.mean().scalar / (bound * bound / 3) - 1) < 0.05)
    #expect(abs(weight.mean().scalar) < bound * 0.02)
  }

  @Test(
    "normal weights have mean 0 and the given variance",
    arguments: [Initialization.xavierNormal, .kaimingNormal],
    layers.indices)
  func normal(_ initialization: Initialization, _ layer: Int) throws {
    let (_, _, inputs, outputs) = Self.layers[layer]
    let variance = 2 / (initialization == .xavierNormal ? inputs + outputs : inputs)
    let weight = try weight(initialization, layer)
    #expect(abs(weight.square.mean().scalar / variance - 1) < 0.05)
    #expect(abs(weight.mean().scalar) < variance.squareRoot() * 0.03)
    // A normal distribution has values beyond three standard deviations; a uniform distribution of
    // the same variance has none.
    #expect(weight.absolute.max().scalar > 3 * variance.squareRoot())
  }

  @Test(
    "equal seeds give equal weights, and others give others", arguments: Initialization.allCases)
  func seeds(_ initialization: Initialization) throws {
    let first = try weight(initialization, 0).floats()
    let again = try weight(initialization, 0).floats()
    let other = try weight(initialization, 0, seed: 2).floats()
    #expect(first == again)
    #expect(first != other)
  }

  @Test("normal has the stated deviation for weights and biases, whatever the size of the layer")
  func statedDeviation() throws {
    for layer in Self.layers {
      let parameters = try LayerList([layer.text]).parameters(for: layer.input)
      let random = RandomSource(Seed(1))
      let weight = parameters[0].start(.normal(deviation: 0.1), random)
      #expect(abs(weight.square.mean().scalar / 0.01 - 1) < 0.05)
      let bias = parameters[1].start(.normal(deviation: 0.1), random)
      #expect(abs(bias.square.mean().scalar / 0.01 - 1) < 0.5)
    }
  }

  @Test("truncated-normal has the stated deviation for weights, none beyond 2, and biases of 0")
  func truncated() throws {
    let parameters = try LayerList(["linear 300"]).parameters(for: [500])
    let random = RandomSource(Seed(1))
    let narrow = parameters[0].start(.truncatedNormal(deviation: 0.02), random)
    #expect(abs(narrow.square.mean().scalar / 0.0004 - 1) < 0.05)
    let wide = parameters[0].start(.truncatedNormal(deviation: 2), random)
    #expect(wide.absolute.max().scalar <= 2)
    // The variance of a normal distribution that is cut off at one deviation is 0.2911 times its own.
    #expect(abs(wide.square.mean().scalar / 4 - 0.2911) < 0.005)
    #expect(parameters[1].start(.truncatedNormal(deviation: 1), random).absolute.max().scalar == 0)
  }

  @Test("the text of each distribution is read as that distribution, and other texts are refused")
  func texts() {
    for initialization in Initialization.allCases + [
      .normal(deviation: 0.25), .truncatedNormal(deviation: 0.5),
    ] {
      #expect(Initialization(rawValue: initialization.rawValue) == initialization)
    }
    #expect(Initialization.normal(deviation: 0.1).rawValue == "normal 0.1")
    for text in ["truncated-normal", "truncated-normal 0", "truncated-normal 2.1"] {
      #expect(Initialization(rawValue: text) == nil, "\(text)")
    }
    for text in ["normal", "normal 0", "normal -1", "normal 0.1 2", "normal x", ""] {
      #expect(Initialization(rawValue: text) == nil, "\(text)")
    }
  }

  @Test("PyTorch's default also draws biases, with the bound of the layer's weights")
  func torchBiases() throws {
    let parameters = try LayerList(["linear 3000"]).parameters(for: [100])
    let random = RandomSource(Seed(1))
    let bias = parameters[1].start(.torchDefault, random)
    #expect(bias.shape == [3000])
    #expect(bias.absolute.max().scalar <= 0.1 && bias.absolute.max().scalar > 0.099)
    #expect(abs(bias.square.mean().scalar / (0.01 / 3) - 1) < 0.1)
    let convolution = try LayerList(["conv 4 kernel 4 groups 2"]).parameters(for: [32, 8, 8])[1]
    #expect(convolution.start(.torchDefault, random).absolute.max().scalar <= 1 / 16.0)
  }

  @Test("biases, batch normalisation and counters start with constants")
  func constants() throws {
    let description = try NetworkDescription(
      input: InputShape(channels: 1, height: 2, width: 2),
      layers: LayerList(["batchnorm", "flatten", "linear 2"]),
      classNames: ["a", "b"])
    let network = try Network(description, initialization: .kaimingNormal, seed: Seed(1))
    let expected = [
      ("0.weight", 1.0), ("0.bias", 0), ("0.running_mean", 0), ("0.running_var", 1),
      ("0.num_batches_tracked", 0),
      ("2.bias", 0),
    ]
    for (name, value) in expected {
      #expect(network[name].floats().allSatisfy { $0 == Float(value) }, "\(name)")
    }
  }
}
