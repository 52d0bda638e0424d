import Support
import Testing

@testable import ModelCore

@Suite("Interval bounds")
struct BoundsTests {
  /// Networks that together have every kind of layer with bounds. The first input is a picture of
  /// 3x8x8.
  static let networks: [[String]] = [
    ["flatten", "linear 16", "relu", "linear 4"],
    [
      "patches 6 size 4", "classtoken", "positions",
      "residual [layernorm; linear 9; gelu tanh; linear 6; layerscale 0.5]", "layernorm",
      "token first", "linear 4",
    ],
    [
      "patches 6 size 4", "residual [layernorm; transpose; linear 5; gelu; linear 4; transpose]",
      "layernorm epsilon 0.001", "token mean", "linear 4",
    ],
    [
      "conv 4 kernel 2 stride 2", "layernorm", "mergepatches", "layerscale -0.3", "relu",
      "globalavgpool", "flatten", "layernorm", "linear 4",
    ],
    [
      "normalize mean 0.5,0.4,0.3 std 0.2,0.3,0.1", "conv 6 padding 1", "batchnorm", "relu",
      "maxpool 2", "flatten", "linear 4",
    ],
    [
      "bgr", "conv 6 kernel 3 stride 2 padding 1 groups 3 bias off", "leakyrelu 0.2", "avgpool 2",
      "flatten", "dropout 0.5", "linear 4 bias off",
    ],
    ["conv 6", "leakyrelu 0.5", "sigmoid", "globalavgpool", "flatten", "linear 4"],
    [
      "conv 5", "tanh", "conv 5", "elu", "padchannels 2", "maxpool 3 stride 2 padding 1", "flatten",
      "linear 4",
    ],
    ["conv 5", "gelu", "conv 5", "silu", "flatten", "linear 8", "softplus", "codes", "linear 4"],
    [
      "conv 6 padding 1", "batchnorm",
      "residual [conv 6 padding 1; batchnorm; relu; conv 6 padding 1]",
      "relu",
      "residual [conv 8 stride 2 padding 1; gelu] shortcut [conv 8 kernel 1 stride 2; batchnorm]",
      "avgpool 2", "flatten", "linear 9", "batchnorm", "silu", "linear 4",
    ],
    [
      "storednormalize", "pad 0,1,0,1", "conv 6 stride 2 bias off", "batchnorm", "hardswish",
      "gate [globalavgpool; conv 2 kernel 1; relu; conv 6 kernel 1; hardsigmoid]",
      "residual [conv 6 padding 1 groups 6; batchnorm; relu6; stochasticdepth 0.5]",
      "adaptiveavgpool 3x2", "flatten", "linear 4",
    ],
    [
      "concat [batchnorm; relu6; conv 4 kernel 1; batchnorm; relu; conv 3 padding 1]",
      "gate [conv 6 padding 1; tanh]", "avgpool 2", "flatten", "linear 4",
    ],
  ]

  private func network(_ layers: [String], seed: UInt64) throws -> Network {
    let description = try NetworkDescription(
      input: InputShape(channels: 3, height: 8, width: 8), layers: LayerList(layers),
      classNames: (0..<4).map(String.init))
    let start = try Network(description, initialization: .kaimingUniform, seed: Seed(seed))
    // Batch normalisation gets scales of both signs and statistics other than 0 and 1.
    let random = RandomSource(Seed(seed).derive("statistics"))
    let tensors = start.state().map { name, tensor in
      let isScale = name.hasSuffix("weight") && tensor.rank == 1
      let changed: Tensor =
        name.hasSuffix("running_var")
        ? random.uniform(tensor.shape) + 0.3
        : isScale || name.hasSuffix("running_mean") ? random.normal(tensor.shape) : tensor
      return (name, changed)
    }
    return try Network(description, tensors: Dictionary(uniqueKeysWithValues: tensors))
  }

  /// Random boxes around random images: about half of the features have an interval of width 0.
  private func box(_ random: RandomSource, radius: Double, count: Int) -> Bounds {
    let shape = [count, 3, 8, 8]
    let isFree = random.uniform(shape).isLess(than: Tensor.full(0.5, shape: [])).to(.float32)
    return Bounds(
      around: random.uniform(shape), by: random.uniform(shape) * isFree * radius)
  }

  @Test(
    "soundness: of 10,000 random points in random boxes, none leaves its bounds",
    arguments: networks)
  func sound(_ layers: [String]) throws {
    // 12 networks, 3 sizes of boxes, 24 boxes and 20 points in each: 17,280 points.
    for (seed, radius) in [(1, 0.01), (2, 0.1), (3, 1.0)] as [(UInt64, Double)] {
      let network = try network(layers, seed: seed)
      let random = RandomSource(Seed(seed).derive("boxes"))
      let box = box(random, radius: radius, count: 24)
      let bounds = try withoutGradients { try network.bounds(box) }
      let width = bounds.upper - bounds.lower
      #expect(width.min().scalar >= 0)
      for index in 0..<20 {
        // Half of the points are corners of the boxes, where linear functions are extreme.
        let uniform = random.uniform([24, 3, 8, 8])
        let place = index % 2 == 0 ? uniform : uniform.rounded
        let point = box.lower + (box.upper - box.lower) * place
        let logits = withoutGradients { network.logits(point) }
        // Rounding in float32 may move a value by some units in the last place.
        let slack = 1e-5 * Swift.max(1, logits.absolute.max().scalar)
        #expect((logits - bounds.lower).min().scalar >= -slack, "\(layers)")
        #expect((bounds.upper - logits).min().scalar >= -slack, "\(layers)")
      }
    }
  }

  @Test("a box of width 0 gives the logits", arguments: networks)
  func point(_ layers: [String]) throws {
    let network = try network(layers, seed: 4)
    let images = RandomSource(Seed(5)).uniform([6, 3, 8, 8])
    for pass in [Pass.evaluation, .training(dropout: Seed(6), updatesStatistics: false)] {
      let batches = NormalizedBatches()
      let logits = withoutGradients { network.forward(images, pass, recording: batches) }
      let bounds = try withoutGradients {
        try network.bounds(Bounds(lower: images, upper: images), pass, batches: batches)
      }
      let scale = Swift.max(1, logits.absolute.max().scalar)
      #expect((bounds.lower - logits).absolute.max().scalar < 1e-5 * scale)
      #expect((bounds.upper - logits).absolute.max().scalar < 1e-5 * scale)
    }
  }

  @Test("layer normalisation in a wide box is bounded by √(D − 1)")
  func normalized() throws {
    let list = try LayerList(["layernorm"])
    let wide = Bounds(
      lower: Tensor.full(-5, shape: [1, 10]), upper: Tensor.full(5, shape: [1, 10]))
    let parameters = LayerParameters(
      tensors: ["0.weight": Tensor.full(-2, shape: [10]), "0.bias": Tensor.full(1, shape: [10])])
    let bounds = try list.bounds(wide, parameters, .evaluation)
    #expect((bounds.upper - 7).absolute.max().scalar < 1e-5)
    #expect((bounds.lower + 5).absolute.max().scalar < 1e-5)
  }

  @Test(
    "attention is refused by its name",
    arguments: [
      ["patches 6 size 4", "residual [attention heads 2]", "token mean", "linear 4"],
      ["conv 6 kernel 1", "windowattention heads 2 window 4", "flatten", "linear 4"],
    ])
  func attention(_ layers: [String]) throws {
    let network = try network(layers, seed: 12)
    let layer = layers[1].replacing("residual [", with: "").replacing("]", with: "")
    let bounds = #expect(throws: Failure.self) { try network.checkBounds() }
    #expect(bounds?.message == "the layer '\(layer)' has no interval bounds")
    let parts = #expect(throws: Failure.self) { try network.checkContributions() }
    #expect(parts?.message == "the layer '\(layer)' has no rule for contextual decomposition")
  }

  @Test("bounds of one linear layer are reached at a corner of the box")
  func tight() throws {
    let network = try network(["flatten", "linear 4"], seed: 7)
    let box = box(RandomSource(Seed(8)), radius: 0.3, count: 5)
    let bounds = try network.bounds(box)
    let sign = network["1.weight"].detached.narrow(0, 2, 1).sign.reshaped([1, 3, 8, 8])
    let corner = box.center + box.radius * sign
    let largest = network.logits(corner).select(1, 2)
    #expect((largest - bounds.upper.select(1, 2)).absolute.max().scalar < 1e-5)
  }

  @Test(
    "a function with a valley is bounded by its smallest value there",
    arguments: [
      ("gelu", -0.16997120747990369), ("gelu tanh", -0.17004075), ("silu", -0.2784645427610738),
      ("hardswish", -0.375),
    ])
  func valley(_ layer: String, _ smallest: Double) throws {
    let wide = Bounds(
      lower: Tensor.full(-5, shape: [1, 1]), upper: Tensor.full(0.01, shape: [1, 1]))
    let bounds = try LayerList([layer]).bounds(
      wide, LayerParameters(tensors: [:]), .evaluation)
    #expect(abs(bounds.lower.scalar - smallest) < 1e-6)
    #expect(bounds.upper.scalar > 0)
  }

  @Test("the bounds of a product are the smallest and the largest of the four products of ends")
  func product() {
    let random = RandomSource(Seed(12))
    func box() -> Bounds { Bounds(around: random.normal([1000]), by: random.uniform([1000])) }
    let (a, b) = (box(), box())
    let products = [a.lower * b.lower, a.lower * b.upper, a.upper * b.lower, a.upper * b.upper]
    let found = a.multiplied(by: b)
    let lowest = products.dropFirst().reduce(products[0]) { $0.minimum($1) }
    let highest = products.dropFirst().reduce(products[0]) { $0.maximum($1) }
    #expect((found.lower - lowest).absolute.max().scalar < 1e-5)
    #expect((found.upper - highest).absolute.max().scalar < 1e-5)
  }

  @Test("gradients flow through bounds: they agree with central differences")
  func differentiable() throws {
    let network = try network(Self.networks[8], seed: 9)
    let box = box(RandomSource(Seed(10)), radius: 0.05, count: 3)
    func loss() throws -> Tensor {
      try network.bounds(box).worstLogits(Tensor(labels: [0, 1, 2]))
        .crossEntropy(Tensor(labels: [0, 1, 2])).sum()
    }
    let weight = network["0.weight"]
    let slope = try loss().gradient(of: weight).detached
    let direction = slope / slope.square.sum().squareRoot.scalar
    let start = weight.detached.copy()
    func at(_ h: Double) throws -> Double {
      weight.assign(start + direction * h)
      return try loss().scalar
    }
    let h = 1e-3
    let difference = (try at(h) - at(-h)) / (2 * h)
    #expect(abs(difference / (slope * direction).sum().scalar - 1) < 1e-2)
  }

  @Test(
    "a layer without bounds or without a rule for contributions is refused by its name",
    arguments: ["localcontrast kernel 3 sigma 1.0", "standardize", "jpeg 75"])
  func refused(_ layer: String) throws {
    let network = try network([layer, "flatten", "linear 4"], seed: 11)
    let failure = #expect(throws: Failure.self) { try network.checkBounds() }
    #expect(failure?.message == "the layer '\(layer)' has no interval bounds")
    #expect(throws: Failure.self) { try network.checkContributions() }
  }
}
