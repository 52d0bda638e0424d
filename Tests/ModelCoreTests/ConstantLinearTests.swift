import Support
import TestSupport
import Testing

@testable import ModelCore

/// The expected values are computed in float64, for which a fully connected layer is libtorch's
/// own.
@Suite("A fully connected layer with constant weights agrees with libtorch's")
struct ConstantLinearTests {
  /// Value, gradient in the input of Σ coefficient·tanh(y), and the gradient of that gradient's
  /// squared norm.
  private func passes(_ input: Tensor, _ weight: Tensor, _ bias: Tensor?) -> [Tensor] {
    let x = input.tracked
    let y = x.linear(weight, bias: bias)
    let coefficients = RandomSource(Seed(9)).normal(y.shape).to(y.type)
    let first = (y.tanh * coefficients).sum().gradient(of: x, differentiable: true)
    return [y.detached, first.detached, first.square.sum().gradient(of: x)]
  }

  /// Sizes for which oneDNN is used and sizes for which it is not, for one image and for many.
  @Test(
    "the value, the gradient and the gradient of the gradient agree",
    arguments: [(3, 2), (255, 257), (256, 256), (3136, 33), (31, 3000)],
    [1, 2, 7, 16, 65])
  func agrees(_ sizes: (inputs: Int, outputs: Int), _ count: Int) {
    let random = RandomSource(Seed(3))
    let input = random.normal([count, sizes.inputs])
    let weight =
      random.normal([sizes.outputs, sizes.inputs]) * (0.5 / Double(sizes.inputs).squareRoot())
    let biases: [Tensor?] = [nil, random.normal([sizes.outputs])]
    for bias in biases {
      let expected = passes(input.to(.float64), weight.to(.float64), bias?.to(.float64))
      for weight in [weight, weight.tracked] {
        for (found, expected) in zip(passes(input, weight, bias), expected) {
          #expect(found.shape == expected.shape)
          #expect(relativeError(found, expected) < 2e-5, "\(sizes), \(count) images")
        }
      }
    }
  }

  @Test("weights and biases that are learned have gradients")
  func learned() {
    let random = RandomSource(Seed(4))
    let (input, weight, bias) = (
      random.normal([5, 300]), random.normal([300, 300]), random.normal([300])
    )
    for (isWeightLearned, isBiasLearned) in [(true, true), (true, false), (false, true)] {
      let w = isWeightLearned ? weight.tracked : weight
      let b = isBiasLearned ? bias.tracked : bias
      let loss = input.linear(w, bias: b).square.sum()
      if isBiasLearned {
        #expect(loss.gradient(of: b, retainingGraph: true).absolute.max().scalar > 0)
      }
      if isWeightLearned {
        #expect(loss.gradient(of: w, retainingGraph: true).absolute.max().scalar > 0)
      }
    }
  }

  @Test("an empty batch and an input in another order in memory are accepted")
  func edges() {
    let random = RandomSource(Seed(5))
    let weight = random.normal([260, 260])
    #expect(Tensor.ones([0, 260]).linear(weight, bias: nil).shape == [0, 260])
    let input = random.normal([260, 260])
    let turned = input.permuted([1, 0])
    let expected = turned.to(.float64).linear(weight.to(.float64), bias: nil)
    #expect(relativeError(turned.linear(weight, bias: nil), expected) < 1e-5)
  }
}
