import Support
import Testing

@testable import Certificates
@testable import ModelCore

/// Laws that all bounds obey, on networks with every kind of layer.
@Suite("Relaxations contain what the network computes")
struct RelaxationTests {
  /// Layers for pictures 2x6x6, each with one kind that the reference networks do not have.
  static let layers: [[String]] = [
    ["conv 4 kernel 3", "batchnorm", "relu", "maxpool 2", "flatten", "linear 3"],
    ["conv 4 kernel 3 padding 1", "relu", "maxpool 3 stride 2", "flatten", "linear 3"],
    [
      "normalize mean 0.4,0.5 std 0.3,0.2", "conv 4 kernel 3", "elu", "avgpool 2", "flatten",
      "linear 3",
    ],
    ["flatten", "linear 8", "softplus", "linear 8", "gelu", "linear 3"],
    [
      "conv 4 kernel 3 padding 1", "silu", "gate [globalavgpool; conv 4 kernel 1; sigmoid]",
      "flatten", "linear 3",
    ],
    [
      "concat [conv 2 kernel 3 padding 1; relu]", "conv 3 kernel 3", "tanh", "globalavgpool",
      "flatten", "linear 3",
    ],
    [
      "residual [conv 4 kernel 3 padding 1; relu] shortcut [conv 4 kernel 1]", "hardswish",
      "adaptiveavgpool 2", "flatten", "linear 3",
    ],
    ["flatten", "linear 8", "leakyrelu 2", "linear 8", "leakyrelu 0.3", "linear 3"],
    ["flatten", "linear 8", "sigmoid", "linear 8", "tanh", "linear 8", "relu6", "linear 3"],
  ]

  private func network(_ layers: [String]) throws -> Network {
    let description = try NetworkDescription(
      input: InputShape(channels: 2, height: 6, width: 6), layers: LayerList(layers),
      classNames: ["a", "b", "c"])
    return try Network(
      description, initialization: .xavierUniform, seed: Seed(91))
  }

  private let images = RandomSource(Seed(92)).uniform([3, 2, 6, 6])

  private func set(_ size: Double, ball: Bool) -> InputSet {
    InputSet(
      Bounds(around: images, by: images * 0 + size),
      within: ball ? InputSet.Ball(around: images, radius: size) : nil)
  }

  @Test(
    "the logits of every input of the set lie in the bounds", arguments: layers.indices,
    [true, false])
  func contained(_ index: Int, _ refines: Bool) throws {
    let network = try network(Self.layers[index])
    for (size, ball) in [(0.02, false), (0.3, false), (0.5, true), (2.0, true)] {
      let bounds = try withoutGradients {
        try Relaxation(of: network, on: set(size, ball: ball), refining: refines).logitBounds()
      }
      let tolerance = bounds.radius.max().scalar * 1e-4 + 1e-5
      for x in ExtremePoints(network, around: images, size: size, ball: ball).all {
        let logits = network.logits(x)
        #expect((logits - bounds.upper).max().scalar <= tolerance, "\(size) \(ball)")
        #expect((bounds.lower - logits).max().scalar <= tolerance, "\(size) \(ball)")
      }
    }
  }

  @Test("linear bounds are nowhere less tight than intervals", arguments: layers.indices)
  func tighter(_ index: Int) throws {
    let network = try network(Self.layers[index])
    let set = set(0.05, ball: false)
    let interval = try network.bounds(set.box)
    let labels = Tensor(labels: [0, 1, 2])
    // The differences come from the passes alone, and not from their best with intervals.
    var last = -Double.infinity
    for refines in [false, true] {
      let relaxation = try Relaxation(of: network, on: set, refining: refines)
      let bounds = try relaxation.logitBounds()
      #expect((bounds.radius - interval.radius).max().scalar < 1e-4)
      let mean = try relaxation.differences(labels).mean().scalar
      #expect(mean >= relaxation.intervalDifferences(labels).mean().scalar - 1e-5)
      #expect(mean >= last - 1e-5)
      last = mean
    }
  }

  @Test("a set of one point has the logits themselves as bounds", arguments: layers.indices)
  func point(_ index: Int) throws {
    let network = try network(Self.layers[index])
    let bounds = try Relaxation(of: network, on: set(0, ball: false), refining: true).logitBounds()
    let difference = (bounds.center - network.logits(images)).absolute + bounds.radius
    #expect(difference.max().scalar < 1e-4)
  }

  @Test("weights that are not numbers certify nothing")
  func brokenWeights() throws {
    for value in [Float.nan, .infinity] {
      let network = try network(["flatten", "linear 8", "relu", "linear 3"])
      network["1.weight"].assign(network["1.weight"] + Tensor([value], shape: [1]))
      let labels = Tensor(labels: [0, 1, 2])
      for refines in [false, true] {
        let relaxation = try withoutGradients {
          try Relaxation(of: network, on: set(0.1, ball: false), refining: refines)
        }
        #expect(!(try relaxation.margins(labels).isGreater(than: 0).any().isTrue))
        #expect(!relaxation.intervalMargins(labels).isGreater(than: 0).any().isTrue)
      }
    }
  }

  @Test("an ensemble has the bounds of the mean of its members")
  func ensemble() throws {
    let member = try network(["flatten", "linear 8", "relu", "linear 3"]).frozen()
    let set = set(0.1, ball: false)
    let one = try Relaxation(of: member, on: set, refining: true).logitBounds()
    let both = try Relaxation(of: Ensemble([member, member]), on: set, refining: true).logitBounds()
    #expect((one.lower - both.lower).absolute.max().scalar < 1e-5)
    #expect((one.upper - both.upper).absolute.max().scalar < 1e-5)
  }

  @Test("a linear network has exact bounds, in ℓ∞ and ℓ2")
  func exact() throws {
    let network = try network(["flatten", "linear 3"])
    let weight = network["1.weight"]
    for (ball, dual) in [
      (false, weight.absolute.sum([1])), (true, weight.square.sum([1]).squareRoot),
    ] {
      let bounds = try Relaxation(of: network, on: set(0.1, ball: ball), refining: false)
        .logitBounds()
      let radius = (dual * 0.1).reshaped([1, 3]).expanded([3, 3])
      #expect((bounds.radius - radius).absolute.max().scalar < 1e-5)
      #expect((bounds.center - network.logits(images)).absolute.max().scalar < 1e-5)
    }
  }

  @Test("what only some features may change is bounded by those features")
  func region() throws {
    let network = try network(["flatten", "linear 8", "relu", "linear 3"])
    let changeable = RandomSource(Seed(99)).uniform(images.shape).isLess(than: 0.3).to(.float32)
    let box = Bounds(around: images, by: changeable * 0.1)
    let inBox = try Relaxation(of: network, on: InputSet(box), refining: true).logitBounds()
    let ball = InputSet.Ball(around: images, radius: 0.1, changeable: changeable)
    let inBall = try Relaxation(of: network, on: InputSet(box, within: ball), refining: true)
      .logitBounds()
    let all = try Relaxation(of: network, on: set(0.1, ball: false), refining: true).logitBounds()
    #expect(inBox.radius.mean().scalar < all.radius.mean().scalar)
    #expect(inBall.radius.mean().scalar < inBox.radius.mean().scalar)
  }
}
