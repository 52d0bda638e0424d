import Support
import TestSupport
import Testing

@testable import ModelCore

@Suite("Attention and layer normalisation follow their laws")
struct AttentionTests {
  /// Random parameters of one layer for inputs of a shape.
  private func parameters(_ list: LayerList, _ input: [Int], seed: UInt64) throws
    -> LayerParameters
  {
    let random = RandomSource(Seed(seed))
    let tensors = try list.parameters(for: input).map {
      ($0.name, random.normal($0.shape) * 0.4)
    }
    return LayerParameters(tensors: Dictionary(uniqueKeysWithValues: tensors))
  }

  @Test(
    "without positions, a permutation of the tokens permutes the outputs", arguments: [1, 2, 4])
  func permutation(_ heads: Int) throws {
    let list = try LayerList(["residual [layernorm; attention heads \(heads)]"])
    let parameters = try parameters(list, [7, 8], seed: 1)
    let x = RandomSource(Seed(2)).normal([3, 7, 8])
    let order = Tensor([3, 0, 6, 1, 5, 2, 4] as [Int64], shape: [7])
    let expected = list.apply(x, parameters, .evaluation).indexSelect(1, order)
    let found = list.apply(x.indexSelect(1, order), parameters, .evaluation)
    #expect(relativeError(found, expected) < 1e-5)
    #expect(relativeError(list.apply(x, parameters, .evaluation), expected) > 0.1)
  }

  @Test("the weights of each token sum to one: if all values are equal, so are the results")
  func weights() {
    let random = RandomSource(Seed(3))
    for (count, tokens) in [(2, 5), (1, 300)] {
      let qk = random.normal([count, tokens, 16]) * 3
      let packed = Tensor.concatenate([qk, Tensor.full(0.7, shape: [count, tokens, 8])], along: 2)
      let bias = random.normal([1, 2, tokens, tokens])
      for result in [packed.attended(heads: 2), packed.attended(heads: 2, bias: bias)] {
        #expect((result - 0.7).absolute.max().scalar < 1e-5)
      }
    }
  }

  /// The gradient for 130 examples of 130 tokens is computed in two parts.
  @Test(
    "both ways of computing attention agree, also for strided and for large inputs",
    arguments: [2, 130])
  func bias(_ count: Int) {
    let random = RandomSource(Seed(4))
    let qkv = random.normal([count, 24, 130]).permuted([0, 2, 1]) * 2
    let coefficients = random.normal([130, 8, count]).permuted([2, 0, 1])
    func results(_ bias: Tensor?) -> [Tensor] {
      let x = qkv.tracked
      let y = x.attended(heads: 4, bias: bias)
      return [y.detached, (y * coefficients).sum().gradient(of: x)]
    }
    let expected = results(Tensor.zeros([1, 4, 130, 130]))
    for (found, expected) in zip(results(nil), expected) {
      #expect(relativeError(found, expected) < 1e-5)
    }
  }

  @Test(
    "layer normalisation ignores shift and scale of its input, and gives mean 0 and variance 1",
    arguments: [[40], [5, 40], [40, 3, 2]])
  func invariance(_ input: [Int]) throws {
    let list = try LayerList(["layernorm epsilon 1e-12"])
    let parameters = LayerParameters(
      tensors: ["0.weight": Tensor.ones([40]), "0.bias": Tensor.zeros([40])])
    func apply(_ x: Tensor) -> Tensor { list.apply(x, parameters, .evaluation) }
    let x = RandomSource(Seed(5)).normal([3] + input)
    let y = apply(x)
    #expect(relativeError(apply(x * 7 + 2), y) < 1e-5)
    #expect(relativeError(apply(x * -1), y * -1) < 1e-5)
    let axis = input.count == 3 ? 1 : -1
    #expect(y.mean([axis]).absolute.max().scalar < 1e-5)
    #expect((y.square.mean([axis]) - 1).absolute.max().scalar < 1e-5)
  }

  @Test("attention in one window without a bias is attention of all pixels")
  func oneWindow() throws {
    let window = try LayerList(["windowattention heads 2 window 4 shift 2"])
    let full = try LayerList(["attention heads 2"])
    var tensors = try parameters(window, [6, 4, 4], seed: 6).tensors
    tensors["0.relative_position_bias_table"] = Tensor.zeros([49, 2])
    let x = RandomSource(Seed(7)).normal([3, 6, 4, 4])
    let tokens = x.reshaped([3, 6, 16]).permuted([0, 2, 1])
    let expected = full.apply(tokens, LayerParameters(tensors: tensors), .evaluation)
    let found = window.apply(x, LayerParameters(tensors: tensors), .evaluation)
    #expect(relativeError(found.reshaped([3, 6, 16]).permuted([0, 2, 1]), expected) < 1e-5)
  }

  @Test("a pixel reaches exactly the pixels of its window, also of a shifted one")
  func locality() throws {
    // In a row of 6 pixels, windows of 3 that start at 0 or, shifted by 1, at 1.
    let cases: [(shift: Int, pixel: Int, reached: [Int])] = [
      (0, 1, [0, 1, 2]), (0, 3, [3, 4, 5]), (1, 0, [0]), (1, 1, [1, 2, 3]), (1, 5, [4, 5]),
    ]
    for (shift, pixel, reached) in cases {
      let list = try LayerList(["windowattention heads 1 window 3 shift \(shift)"])
      let parameters = try parameters(list, [4, 6, 6], seed: 8)
      let x = RandomSource(Seed(9)).normal([1, 4, 6, 6]).tracked
      let y = list.apply(x, parameters, .evaluation)
      let found = (0..<6).filter { column in
        // Rows and columns are treated alike, so the row is that of the column.
        let slope = y.select(3, column).select(2, column).sum()
          .gradient(of: x, retainingGraph: true)
        return slope.select(3, pixel).select(2, pixel).absolute.max().scalar > 1e-9
      }
      #expect(found == reached, "shift \(shift), pixel \(pixel)")
    }
  }

  @Test(
    "first and second derivatives agree with differences in float64",
    arguments: [
      ("attention heads 2", [5, 8]), ("windowattention heads 2 window 2 shift 1", [4, 3, 5]),
      ("layernorm", [6, 4]), ("layernorm", [4, 3, 2]), ("mergepatches", [2, 3, 4]),
      ("residual [layernorm; linear 9; gelu tanh; linear 6]", [4, 6]),
      ("patches 5 size 2", [3, 4, 4]), ("layerscale 0.3", [3, 2, 2]),
    ])
  func differences(_ text: String, _ input: [Int]) throws {
    let list = try LayerList([text])
    let tensors = try parameters(list, input, seed: 10).tensors.mapValues { $0.to(.float64) }
    let random = RandomSource(Seed(11))
    let x = random.normal([2] + input).to(.float64)
    let direction = random.normal([2] + input).to(.float64)
    let coefficients = random.normal(
      [2] + list.apply(x, LayerParameters(tensors: tensors), .evaluation).shape.dropFirst()
    ).to(.float64)
    func value(_ x: Tensor) -> Tensor {
      (list.apply(x, LayerParameters(tensors: tensors), .evaluation).tanh * coefficients).sum()
    }
    /// The slope along the direction, and its slope.
    func slopes(_ x: Tensor) -> (Double, Double) {
      let x = x.tracked
      let slope = (value(x).gradient(of: x, differentiable: true) * direction).sum()
      return (slope.scalar, (slope.gradient(of: x) * direction).sum().scalar)
    }
    let h = 1e-5
    let (first, second) = slopes(x)
    let (ahead, behind) = (x + direction * h, x - direction * h)
    let scale = max(1, abs(first), abs(second))
    #expect(abs((value(ahead) - value(behind)).scalar / (2 * h) - first) < 1e-6 * scale)
    #expect(abs((slopes(ahead).0 - slopes(behind).0) / (2 * h) - second) < 1e-6 * scale)
  }

  @Test(
    "every learned tensor has a gradient, and steps along it lower the loss",
    arguments: [
      [
        "patches 12 size 4", "classtoken", "positions",
        "residual [layernorm; attention heads 3; layerscale 0.1]",
        "residual [layernorm; linear 20; gelu; linear 12]", "layernorm", "token first", "linear 3",
      ],
      [
        "conv 6 kernel 2 stride 2", "layernorm",
        "residual [layernorm; windowattention heads 2 window 2]",
        "residual [layernorm; windowattention heads 2 window 2 shift 1]", "mergepatches",
        "layernorm", "conv 8 kernel 1 bias off", "globalavgpool", "flatten", "linear 3",
      ],
    ])
  func learns(_ layers: [String]) throws {
    let network = try Network(
      NetworkDescription(
        input: InputShape(channels: 3, height: 8, width: 8), layers: LayerList(layers),
        classNames: ["a", "b", "c"]),
      initialization: .truncatedNormal(deviation: 0.2), seed: Seed(12))
    let images = RandomSource(Seed(13)).uniform([6, 3, 8, 8])
    let labels = Tensor(labels: [0, 1, 2, 0, 1, 2])
    func loss() -> Tensor {
      network.forward(images, .training(dropout: nil)).crossEntropy(labels).mean()
    }
    let before = loss()
    let gradients = before.gradients(of: network.learned, retainingGraph: true)
    for (name, gradient) in zip(network.learnedNames, gradients) {
      #expect(gradient.absolute.max().scalar > 0, "\(name)")
    }
    let optimizer = Optimizer(.adam(rate: 0.01), for: network)
    for _ in 0..<30 { optimizer.step(loss().gradients(of: network.learned)) }
    #expect(loss().scalar < 0.5 * before.scalar)
  }
}
