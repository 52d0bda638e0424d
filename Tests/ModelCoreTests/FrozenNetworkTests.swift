import Support
import TestSupport
import Testing

@testable import ModelCore

@Suite("A frozen network computes the same function")
struct FrozenNetworkTests {
  /// Networks beyond the registered architectures: with residual blocks, and with batch
  /// normalisations that can and that cannot be folded into the layer before.
  static let networks: [(input: InputShape, layers: [String])] = [
    (
      InputShape(channels: 3, height: 12, width: 12),
      [
        "normalize mean 0.5,0.4,0.3 std 0.2,0.3,0.25", "conv 8 kernel 3 padding 1 bias off",
        "batchnorm", "relu",
        "residual [conv 8 kernel 3 padding 1 bias off; batchnorm; relu; "
          + "conv 8 kernel 3 padding 1; batchnorm]",
        "relu",
        "residual [conv 12 kernel 3 stride 2 padding 1; batchnorm; relu; "
          + "residual [batchnorm; relu]; conv 12 kernel 1; batchnorm] "
          + "shortcut [conv 12 kernel 1 stride 2 bias off; batchnorm]",
        "batchnorm", "relu", "globalavgpool", "flatten", "dropout 0.3", "linear 20", "dropout 0.2",
        "batchnorm", "tanh",
        "linear 5",
      ]
    ),
    (
      InputShape(channels: 2, height: 9, width: 7),
      [
        "batchnorm", "conv 6 kernel 3 groups 2 bias off", "batchnorm epsilon 0.01", "batchnorm",
        "maxpool 2",
        "batchnorm",
        "flatten", "linear 12 bias off", "batchnorm", "silu", "linear 3", "batchnorm",
      ]
    ),
    (
      InputShape(channels: 3, height: 8, width: 10),
      [
        "storednormalize", "pad 0,1,0,1", "conv 6 stride 2 bias off", "batchnorm epsilon 0.001",
        "hardswish", "concat [batchnorm; relu6; conv 4 kernel 1; batchnorm; conv 3 padding 1]",
        "gate [globalavgpool; conv 4 kernel 1; relu; conv 9 kernel 1; hardsigmoid]",
        "residual [conv 9 padding 1 groups 9; batchnorm; dropout 0.1; stochasticdepth 0.2]",
        "adaptiveavgpool 2x3", "flatten", "linear 3",
      ]
    ),
    (
      InputShape(channels: 3, height: 12, width: 8),
      [
        "patches 12 size 4", "classtoken", "positions", "dropout 0.1",
        "residual [layernorm; attention heads 3; dropout 0.2]",
        "residual [layernorm; linear 20; gelu; dropout 0.1; linear 12; layerscale 0.5]",
        "layernorm", "token first", "linear 3",
      ]
    ),
    (
      InputShape(channels: 3, height: 12, width: 10),
      [
        "conv 8 kernel 2 stride 2", "layernorm",
        "residual [layernorm; windowattention heads 2 window 3 shift 1]",
        "mergepatches", "layernorm", "conv 8 kernel 1 bias off", "batchnorm", "globalavgpool",
        "flatten", "linear 3",
      ]
    ),
  ]

  private func check(_ description: NetworkDescription, _ initialization: Initialization) throws {
    let network = try Network(description, initialization: initialization, seed: Seed(31))
      .withRandomStatistics(
        seed: Seed(32))
    let frozen = try network.frozen()
    for count in [1, 5] {
      let images = RandomSource(Seed(33)).uniform([count] + description.input.sizes)
      let expected = network.logits(images).detached
      #expect(relativeError(frozen.logits(images), expected) < 1e-5)
      #expect(frozen.predictions(images).int64s() == network.predictions(images).int64s())
      let labels = Tensor.zeros([count], type: .int64)
      let slope = network.inputGradient(at: images) { $0.crossEntropy(labels).sum() }
      let frozenSlope = frozen.inputGradient(at: images) { $0.crossEntropy(labels).sum() }
      #expect(relativeError(frozenSlope, slope) < 1e-4)
    }
    #expect(frozen.names.allSatisfy { !frozen[$0].isTracked })
    #expect(network.learned.allSatisfy { $0.isTracked })
    #expect(frozen.valueRange == network.valueRange)
    #expect(frozen.description.classNames == description.classNames)
  }

  /// The architectures without the large ones.
  static let small = [
    "cnn", "cnn-svhn", "mlp", "small", "lenet", "lenet5", "lenet-caffe", "resnet20", "resnet56",
  ]

  @Test(
    "every small architecture agrees with its frozen form, in grey and in colour", arguments: small,
    [1, 3])
  func registered(_ name: String, _ channels: Int) throws {
    let architecture = try Architecture.named(name)
    let input = InputShape(channels: channels, height: 16, width: 16)
    try check(
      architecture.description(input: input, classNames: ["a", "b", "c"]),
      architecture.initialization)
  }

  @Test(
    "residual blocks, grouped convolutions and unfolded batch normalisations agree",
    arguments: networks.indices)
  func others(_ index: Int) throws {
    let (input, layers) = Self.networks[index]
    let classes = index == 0 ? 5 : 3
    try check(
      NetworkDescription(
        input: input, layers: LayerList(layers), classNames: (0..<classes).map(String.init)),
      .kaimingNormal)
  }

  @Test(
    "dropout and batch normalisation after a convolution or a linear layer are removed")
  func folded() throws {
    let (input, layers) = Self.networks[1]
    let description = try NetworkDescription(
      input: input, layers: LayerList(layers), classNames: ["a", "b", "c"])
    let frozen = try Network(description, initialization: .xavierNormal, seed: Seed(1)).frozen()
    #expect(
      frozen.description.layers.texts == [
        "batchnorm", "conv 6 kernel 3 groups 2", "maxpool 2", "batchnorm", "flatten", "linear 12",
        "silu", "linear 3",
      ])
  }

  @Test("layer scales after a convolution or a linear layer are removed, with and without a bias")
  func scaled() throws {
    let texts = [
      "layerscale 0.5", "conv 4 kernel 1 bias off", "layerscale 0.3",
      "residual [layernorm; conv 4 kernel 3 padding 1; layerscale 0.1]", "flatten", "linear 3",
      "layerscale 2.0",
    ]
    let description = try NetworkDescription(
      input: InputShape(channels: 3, height: 4, width: 5), layers: LayerList(texts),
      classNames: ["a", "b", "c"])
    try check(description, .xavierNormal)
    let frozen = try Network(description, initialization: .xavierNormal, seed: Seed(1)).frozen()
    #expect(
      frozen.description.layers.texts == [
        "layerscale 0.5", "conv 4 kernel 1 bias off",
        "residual [layernorm; conv 4 kernel 3 padding 1]", "flatten", "linear 3",
      ])
  }

  @Test("training the original does not change the frozen form")
  func copy() throws {
    let architecture = try Architecture.named("mlp")
    let network = try architecture.network(
      input: InputShape(channels: 1, height: 4, width: 4), classNames: ["a", "b"], seed: Seed(2))
    let images = RandomSource(Seed(3)).uniform([2, 1, 4, 4])
    let frozen = try network.frozen()
    let before = frozen.logits(images).floats()
    let loss = network.logits(images).crossEntropy(Tensor(labels: [0, 1])).mean()
    Optimizer(.sgd(rate: 1), for: network).step(loss.gradients(of: network.learned))
    #expect(frozen.logits(images).floats() == before)
    #expect(network.logits(images).floats() != before)
  }
}
