import Support
import TestSupport
import Testing

@testable import ModelCore

/// The expected values are computed in float64, for which a convolution is libtorch's own.
@Suite(
  "The input gradient of a convolution with few channels agrees with libtorch's")
struct FewChannelConvolutionTests {
  struct Case: CustomStringConvertible, Sendable {
    let channels, outputs, kernel, padding, height, width: Int
    var description: String { "\(channels)→\(outputs) k\(kernel) p\(padding) \(height)x\(width)" }
  }

  /// One to four channels, which the fast path takes, and five, which it does not; heights and
  /// widths that are multiples of 4 or 2, and others.
  static let cases: [Case] = [1, 2, 3, 4, 5].flatMap { channels in
    [(16, 1), (16, 3), (20, 4), (16, 5), (8, 3)].flatMap { outputs, kernel in
      (0..<kernel).flatMap { padding in
        [(8, 8), (12, 8), (6, 10), (7, 8), (9, 7), (5, 4)].compactMap { height, width in
          let fits = min(height, width) + 2 * padding >= kernel
          return fits
            ? Case(
              channels: channels, outputs: outputs, kernel: kernel, padding: padding,
              height: height, width: width)
            : nil
        }
      }
    }
  }

  /// The gradients in the input of Σ coefficient·tanh(conv), and of the squared norm of that
  /// gradient.
  private func gradients(
    _ input: Tensor, _ weight: Tensor, _ bias: Tensor?, _ window: Window, twice: Bool
  ) -> [Tensor] {
    let x = input.tracked
    let y = x.convolved(weight, bias: bias, window: window)
    let coefficients = RandomSource(Seed(9)).normal(y.shape).to(y.type)
    let first = (y.tanh * coefficients).sum().gradient(of: x, differentiable: twice)
    guard twice else { return [y.detached, first] }
    return [y.detached, first.detached, first.square.sum().gradient(of: x)]
  }

  @Test("value and gradient agree for all sizes and paddings")
  func gradient() {
    for test in Self.cases {
      let random = RandomSource(Seed(8))
      let input = random.normal([2, test.channels, test.height, test.width]).channelsLast
      let weight = random.normal([test.outputs, test.channels, test.kernel, test.kernel]) * 0.3
      let bias = random.normal([test.outputs])
      let window = Window(
        kernel: Pair(test.kernel, test.kernel), padding: Pair(test.padding, test.padding))
      let expected = gradients(
        input.to(.float64), weight.to(.float64), bias.to(.float64), window, twice: false)
      for weight in [weight, weight.tracked] {
        for (found, expected) in zip(gradients(input, weight, bias, window, twice: false), expected)
        {
          #expect(found.shape == expected.shape, "\(test)")
          #expect(relativeError(found, expected) < 1e-5, "\(test)")
        }
      }
    }
  }

  @Test("gradients of gradients agree", arguments: [1, 3])
  func twice(_ channels: Int) {
    let random = RandomSource(Seed(10))
    for padding in 0..<3 {
      let input = random.normal([2, channels, 8, 8])
      let weight = random.normal([16, channels, 3, 3]) * 0.3
      let window = Window(kernel: 3, padding: Pair(padding, padding))
      let expected = gradients(input.to(.float64), weight.to(.float64), nil, window, twice: true)
      for weight in [weight, weight.tracked] {
        let found = gradients(input, weight, nil, window, twice: true)
        for (found, expected) in zip(found, expected) {
          #expect(relativeError(found, expected) < 1e-5)
        }
      }
    }
  }

  @Test("the gradient agrees for strides, dilations, groups and unequal paddings")
  func otherWindows() {
    let random = RandomSource(Seed(11))
    let input = random.normal([2, 4, 8, 8])
    let windows: [(Window, Int)] = [
      (Window(kernel: 3, stride: 2), 1), (Window(kernel: 3, dilation: 2), 1),
      (Window(kernel: 3, padding: 1), 2),
      (Window(kernel: 3, padding: Pair(0, 1)), 1), (Window(kernel: Pair(3, 1)), 1),
      (Window(kernel: 3, padding: 4), 1),
    ]
    for (window, groups) in windows {
      let weight = random.normal([16, 4 / groups, window.kernel.height, window.kernel.width])
      func gradient(_ input: Tensor, _ weight: Tensor) -> Tensor {
        let x = input.tracked
        return x.convolved(weight, bias: nil, window: window, groups: groups).tanh.sum().gradient(
          of: x)
      }
      let expected = gradient(input.to(.float64), weight.to(.float64))
      #expect(relativeError(gradient(input, weight), expected) < 1e-5)
      #expect(relativeError(gradient(input, weight.tracked), expected) < 1e-5)
    }
  }
}
