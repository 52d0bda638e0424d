import Support
import Testing

@testable import ModelCore

@Suite("Contributions of features by contextual decomposition")
struct ContributionsTests {
  private func network(_ layers: [String]) throws -> Network {
    let description = try NetworkDescription(
      input: InputShape(channels: 3, height: 8, width: 8), layers: LayerList(layers),
      classNames: (0..<4).map(String.init))
    return try Network(description, initialization: .kaimingUniform, seed: Seed(31))
  }

  static let networks: [[String]] = [
    [
      "patches 6 size 4", "linear 8", "relu", "transpose", "linear 3", "transpose",
      "layerscale 0.5", "token mean", "linear 4",
    ],
    ["mergepatches", "conv 5 kernel 1", "relu", "layerscale 2.0", "flatten", "linear 4"],
    ["flatten", "linear 16", "relu", "linear 4"],
    [
      "normalize mean 0.5,0.4,0.3 std 0.2,0.3,0.1", "conv 6 padding 1", "batchnorm", "relu",
      "maxpool 3 stride 2 padding 1", "flatten", "dropout 0.5", "linear 4",
    ],
    [
      "bgr", "conv 6 padding 1", "leakyrelu 0.2", "padchannels 1",
      "residual [conv 8 padding 1; relu] shortcut [conv 8 kernel 1]", "avgpool 2", "globalavgpool",
      "flatten", "linear 4",
    ],
    [
      "storednormalize", "pad 0,1,0,1", "conv 6 stride 2", "relu6",
      "concat [batchnorm; relu; conv 4 kernel 1; stochasticdepth 0.3]", "adaptiveavgpool 3",
      "flatten", "linear 4",
    ],
  ]

  @Test("completeness: both contributions add up to the logits", arguments: networks)
  func complete(_ layers: [String]) throws {
    let network = try network(layers)
    let random = RandomSource(Seed(32))
    let (images, shares) = (random.uniform([5, 3, 8, 8]), random.uniform([5, 3, 8, 8]))
    for pass in [Pass.evaluation, .training(dropout: Seed(6), updatesStatistics: false)] {
      let parts = try withoutGradients {
        try network.contributions(of: images, where: shares, pass)
      }
      let logits = withoutGradients { network.forward(images, pass) }
      #expect((parts.sum - logits).absolute.max().scalar < 2e-5)
    }
  }

  @Test("all features contribute everything, and none contribute nothing", arguments: networks)
  func extremes(_ layers: [String]) throws {
    let network = try network(layers)
    let images = RandomSource(Seed(33)).uniform([5, 3, 8, 8])
    let ones = Tensor.ones(images.shape)
    let all = try withoutGradients { try network.contributions(of: images, where: ones) }
    let none = try withoutGradients { try network.contributions(of: images, where: ones * 0) }
    #expect(all.irrelevant.absolute.max().scalar == 0)
    #expect(none.relevant.absolute.max().scalar == 0)
    #expect((all.relevant - none.irrelevant).absolute.max().scalar < 1e-6)
  }

  @Test("in a linear network without biases, the contribution is W·(s ⊙ x)")
  func linear() throws {
    let network = try network(["flatten", "linear 8 bias off", "linear 4 bias off"])
    let random = RandomSource(Seed(34))
    let (images, shares) = (random.uniform([5, 3, 8, 8]), random.uniform([5, 3, 8, 8]))
    let parts = try withoutGradients { try network.contributions(of: images, where: shares) }
    let expected = withoutGradients { network.logits(images * shares) }
    #expect((parts.relevant - expected).absolute.max().scalar < 1e-5)
  }
}
