import Support
import TestSupport
import Testing

@testable import ModelCore

@Suite("Applying a maximum pooling before the ReLU that precedes it changes nothing")
struct PoolingOrderTests {
  let none = LayerParameters(tensors: [:])

  /// Applies the layers one by one in the order in which they are written.
  private func inOrder(_ texts: [String], _ x: Tensor) throws -> Tensor {
    try texts.reduce(x) { try LayerList([$1]).apply($0, none, .evaluation) }
  }

  @Test(
    "values and gradients are the same, also in windows without positive numbers",
    arguments: [
      ["relu", "maxpool 2"], ["relu", "maxpool 3 stride 2 padding 1"],
      ["relu", "relu", "maxpool 2"],
      ["relu", "maxpool 2", "relu", "maxpool 2"], ["maxpool 2", "relu"],
      ["relu", "maxpool 2", "maxpool 2"],
      ["relu", "avgpool 2"], ["tanh", "maxpool 2"],
    ])
  func same(_ texts: [String]) throws {
    let random = RandomSource(Seed(11))
    // Many ties: whole numbers from −3 to 1, and a corner of zeros.
    let x = random.integers(below: 5, [3, 2, 8, 8]).to(.float32) - 3
    let coefficients = random.normal(try LayerList(texts).shapes(from: [2, 8, 8]).last!)
    let variable = x.tracked
    let found = try LayerList(texts).apply(variable, none, .evaluation)
    let expected = try inOrder(texts, variable)
    #expect(found.detached.floats() == expected.detached.floats())
    let gradient = (found * coefficients).sum().gradient(of: variable)
    #expect(gradient.floats() == (expected * coefficients).sum().gradient(of: variable).floats())
  }
}
