import Support
import TestSupport
import Testing

@testable import ModelCore

/// Batch normalisation in training, written in tensor operations, for any element type.
func plainBatchNormalization(_ x: Tensor, _ weight: Tensor, _ bias: Tensor, epsilon: Double)
  -> Tensor
{
  // x [N, C] or [N, C, H, W], weight and bias [C]
  let over = [0] + Array(2..<max(2, x.rank))
  let perChannel = [1, x.shape[1]] + [Int](repeating: 1, count: x.rank - 2)
  let centered = x - x.mean(over, keep: true)
  let deviation = (centered.square.mean(over, keep: true) + epsilon).squareRoot
  return centered / deviation * weight.reshaped(perChannel) + bias.reshaped(perChannel)
}

@Suite("Batch normalisation in training agrees with the same formula in float64")
struct BatchNormalizationGradientTests {
  typealias Normalization = (_ x: Tensor, _ weight: Tensor, _ bias: Tensor) -> Tensor
  static let epsilon = 1e-3

  /// Random numbers for a shape: input, weight, bias, and a coefficient for each output.
  private struct Numbers {
    let x: Tensor, weight: Tensor, bias: Tensor, coefficients: Tensor

    init(_ shape: [Int], seed: UInt64, mean: Double) {
      let random = RandomSource(Seed(seed))
      x = random.normal(shape) * 1.5 + mean
      weight = random.uniform([shape[1]], in: 0.5..<2)
      bias = random.normal([shape[1]])
      coefficients = random.normal(shape)
    }
  }

  private func native(_ x: Tensor, _ weight: Tensor, _ bias: Tensor) -> Tensor {
    x.batchNormalized(
      weight: weight, bias: bias, runningMean: nil, runningVariance: nil, usesBatch: true,
      momentum: 0.1,
      epsilon: Self.epsilon)
  }

  private func wide(_ x: Tensor, _ weight: Tensor, _ bias: Tensor) -> Tensor {
    plainBatchNormalization(x, weight, bias, epsilon: Self.epsilon)
  }

  /// The value, and the gradients of Σ coefficient·tanh(value) in input, weight and bias.
  private func firstOrder(
    _ numbers: Numbers, _ type: Tensor.ElementType, _ normalize: Normalization
  ) -> [Tensor] {
    let variables = [numbers.x.channelsLast, numbers.weight, numbers.bias].map {
      $0.to(type).tracked
    }
    let value = normalize(variables[0], variables[1], variables[2])
    let loss = (value.tanh * numbers.coefficients.to(type)).sum()
    return [value.detached] + loss.gradients(of: variables)
  }

  /// The gradients of Σ‖first gradients‖² in input, weight and bias.
  private func secondOrder(
    _ numbers: Numbers, _ type: Tensor.ElementType, _ normalize: Normalization
  ) -> [Tensor] {
    let variables = [numbers.x.channelsLast, numbers.weight, numbers.bias].map {
      $0.to(type).tracked
    }
    let value = normalize(variables[0], variables[1], variables[2])
    let loss = (value.tanh * numbers.coefficients.to(type)).sum()
    let gradients = loss.gradients(of: variables, differentiable: true)
    let penalty =
      gradients[0].square.sum() + gradients[1].square.sum() * 0.1 + gradients[2].square.sum() * 0.1
    return penalty.gradients(of: variables)
  }

  /// With two values in each channel, the input gradient is a small difference of large numbers.
  /// That shape has a wider tolerance.
  static let shapes = [[16, 3, 4, 5], [5, 17, 2, 2], [40, 6], [2, 3, 1, 1], [130, 2, 8, 8]]

  @Test("value and gradients agree", arguments: shapes, [0.0, 30])
  func values(_ shape: [Int], _ mean: Double) {
    let numbers = Numbers(shape, seed: 21, mean: mean)
    let found = firstOrder(numbers, .float32, native)
    let expected = firstOrder(numbers, .float64, wide)
    for (name, pair) in zip(["value", "x", "weight", "bias"], zip(found, expected)) {
      #expect(relativeError(pair.0, pair.1) < (shape[0] == 2 ? 1e-3 : 2e-5), "\(name)")
    }
  }

  @Test("gradients of gradients agree", arguments: shapes, [0.0, 30])
  func secondValues(_ shape: [Int], _ mean: Double) {
    let numbers = Numbers(shape, seed: 22, mean: mean)
    let found = secondOrder(numbers, .float32, native)
    let expected = secondOrder(numbers, .float64, wide)
    for (name, pair) in zip(["x", "weight", "bias"], zip(found, expected)) {
      #expect(relativeError(pair.0, pair.1) < (shape[0] == 2 ? 1e-3 : 1e-4), "\(name)")
    }
  }

  @Test("the gradient is right if it lies in memory in another order than the input")
  func otherOrder() {
    let numbers = Numbers([16, 3, 4, 5], seed: 23, mean: 1)
    let x = numbers.x.channelsLast.tracked
    let value = native(x, numbers.weight, numbers.bias)
    let rowMajor = (value.contiguous * numbers.coefficients).sum().gradient(of: x)
    let wideX = numbers.x.to(.float64).tracked
    let reference = wide(wideX, numbers.weight.to(.float64), numbers.bias.to(.float64))
    let expected = (reference * numbers.coefficients.to(.float64)).sum().gradient(of: wideX)
    #expect(relativeError(rowMajor, expected) < 2e-5)
  }
}
