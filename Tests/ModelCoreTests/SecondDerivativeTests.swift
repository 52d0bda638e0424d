import Support
import TestSupport
import Testing

@testable import ModelCore

/// A differentiable operation on an input and parameters, with the shapes to test it on.
private struct Operation: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let input: [Int]
  let parameters: [[Int]]
  let apply: @Sendable (_ x: Tensor, _ parameters: [Tensor]) -> Tensor

  static func convolution(
    _ input: [Int], _ outputs: Int, _ window: Window, groups: Int = 1, hasBias: Bool = true
  ) -> Operation {
    let weight = [outputs, input[1] / groups, window.kernel.height, window.kernel.width]
    let name =
      "convolution of \(input) with \(weight) stride \(window.stride) padding \(window.padding) "
      + "dilation \(window.dilation) groups \(groups)"
    return Operation(
      testDescription: name, input: input, parameters: hasBias ? [weight, [outputs]] : [weight]
    ) {
      $0.convolved($1[0], bias: hasBias ? $1[1] : nil, window: window, groups: groups)
    }
  }

  static func pooling(_ input: [Int], _ window: Window) -> Operation {
    let name =
      "pooling of \(input) by \(window.kernel) stride \(window.stride) padding \(window.padding)"
    return Operation(testDescription: name, input: input, parameters: []) { x, _ in
      x.maxPooled(window)
    }
  }

  static func normalization(_ input: [Int], usesBatch: Bool) -> Operation {
    let name =
      "batch normalisation of \(input) by \(usesBatch ? "the batch's" : "running") statistics"
    let channels = input[1]
    return Operation(testDescription: name, input: input, parameters: [[channels], [channels]]) {
      x, parameters in
      // libtorch's third derivative treats the statistics of the batch as constants, so it cannot
      // give the expected values.
      if usesBatch && x.type == .float64 {
        return plainBatchNormalization(x, parameters[0], parameters[1], epsilon: 1e-3)
      }
      let running = usesBatch ? nil : Tensor.full(0.7, shape: [channels], type: x.type)
      return x.batchNormalized(
        weight: parameters[0], bias: parameters[1], runningMean: running, runningVariance: running,
        usesBatch: usesBatch, momentum: 0.1, epsilon: 1e-3)
    }
  }

  /// Attention of H heads over T tokens, whose queries, keys and values are the input.
  static func attention(_ input: [Int], heads: Int, bias: [Int]? = nil) -> Operation {
    let name = "attention of \(heads) heads over \(input), bias \(bias ?? [])"
    return Operation(testDescription: name, input: input, parameters: bias.map { [$0] } ?? []) {
      $0.attended(heads: heads, bias: $1.first)
    }
  }

  static func layerNormalization(_ input: [Int], epsilon: Double) -> Operation {
    let size = [input[input.count - 1]]
    let name = "layer normalisation of \(input) with epsilon \(epsilon)"
    return Operation(testDescription: name, input: input, parameters: [size, size]) {
      $0.layerNormalized(weight: $1[0], bias: $1[1], epsilon: epsilon)
    }
  }

  static let all: [Operation] = [
    .attention([2, 5, 18], heads: 3), .attention([1, 70, 24], heads: 1),
    .attention([3, 1, 12], heads: 4), .attention([4, 9, 12], heads: 2, bias: [2, 2, 9, 9]),
    .attention([3, 4, 12], heads: 2, bias: [1, 2, 4, 4]),
    .layerNormalization([5, 6], epsilon: 1e-3), .layerNormalization([2, 7, 9], epsilon: 1e-5),
    Operation(testDescription: "approximate GELU", input: [3, 7], parameters: []) { x, _ in
      x.geluTanh
    },
    .convolution([2, 1, 8, 8], 32, Window(kernel: 5, padding: 2)),
    .convolution([2, 1, 9, 7], 5, Window(kernel: 3)),
    .convolution([2, 20, 3, 5], 9, Window(kernel: 1)),
    .convolution([3, 3, 8, 8], 16, Window(kernel: 3, padding: 1)),
    .convolution([2, 32, 7, 6], 24, Window(kernel: 5, padding: 2)),
    .convolution(
      [2, 4, 9, 9], 6, Window(kernel: 3, stride: 2, padding: Pair(1, 0), dilation: 2), groups: 2),
    .convolution([5, 32, 6, 6], 8, Window(kernel: Pair(1, 3), stride: Pair(1, 2)), hasBias: false),
    .pooling([2, 1, 6, 6], Window(kernel: 2, stride: 2)),
    .pooling([2, 3, 7, 5], Window(kernel: 2, stride: 2)),
    .pooling([2, 32, 7, 6], Window(kernel: 2, stride: 2)),
    .pooling([3, 5, 8, 7], Window(kernel: 3, stride: 2, padding: 1)),
    .pooling([2, 4, 6, 6], Window(kernel: Pair(3, 2), stride: 1)),
    .normalization([16, 32, 3, 5], usesBatch: true),
    .normalization([7, 3, 2, 2], usesBatch: true),
    .normalization([12, 1, 4, 4], usesBatch: true),
    .normalization([9, 6], usesBatch: true),
    .normalization([2, 32, 3, 5], usesBatch: false),
    .normalization([5, 3], usesBatch: false),
  ]
}

/// The expected values are computed in float64, where each operation is libtorch's own or is
/// written in simpler operations.
@Suite("Derivatives up to the third order agree with libtorch's")
struct SecondDerivativeTests {
  /// The value of the operation, and the derivatives in the input and all parameters: the gradients
  /// of Σ coefficient·tanh(value), the gradients of the weighted squares of these, and so once
  /// more.
  private func derivatives(
    _ operation: Operation, _ type: Tensor.ElementType, layout: (Tensor) -> Tensor
  ) -> [Tensor] {
    let random = RandomSource(Seed(31))
    let x = layout(random.normal(operation.input).to(type)).tracked
    let parameters = operation.parameters.map {
      layout(random.uniform($0, in: -0.5..<0.5).to(type)).tracked
    }
    let variables = [x] + parameters
    let value = operation.apply(x, parameters)
    let coefficients = random.normal(value.shape).to(type)
    let first = (value.tanh * coefficients).sum().gradients(of: variables, differentiable: true)
    let second = weightedSquares(first, random).gradients(of: variables, differentiable: true)
    let third = weightedSquares(second, random).gradients(of: variables)
    return [value] + first + second + third
  }

  /// Σ weight·gradient² with a random weight for each element. A sum of squares without weights
  /// would not test what is orthogonal to the gradients themselves, such as the mean in batch
  /// normalisation.
  private func weightedSquares(_ gradients: [Tensor], _ random: RandomSource) -> Tensor {
    let terms = gradients.map {
      ($0.square * random.uniform($0.shape, in: -1..<1).to($0.type)).mean()
    }
    return terms.dropFirst().reduce(terms[0], +)
  }

  @Test(
    "value and three orders of derivatives agree, in the input and all parameters",
    arguments: Operation.all)
  private func orders(_ operation: Operation) {
    let expected = derivatives(operation, .float64) { $0 }
    for layout in [{ $0.channelsLast }, { $0 }] as [(Tensor) -> Tensor] {
      let found = derivatives(operation, .float32, layout: layout)
      #expect(found.count == expected.count)
      for (index, pair) in zip(found, expected).enumerated() {
        #expect(pair.0.shape == pair.1.shape)
        #expect(relativeError(pair.0.detached, pair.1.detached) < 1e-4, "result \(index)")
      }
    }
  }

  @Test(
    "the second derivative in the input is the same if the parameters are constants",
    arguments: Operation.all)
  private func inputOnly(_ operation: Operation) {
    func second(_ type: Tensor.ElementType, tracked: Bool) -> Tensor {
      let random = RandomSource(Seed(32))
      let x = random.normal(operation.input).channelsLast.to(type).tracked
      let parameters = operation.parameters.map { random.uniform($0, in: -0.5..<0.5).to(type) }
      let value = operation.apply(x, tracked ? parameters.map(\.tracked) : parameters)
      let first = (value.tanh * random.normal(value.shape).to(type)).sum().gradient(
        of: x, differentiable: true)
      return weightedSquares([first], random).gradient(of: x)
    }
    let expected = second(.float64, tracked: true)
    #expect(relativeError(second(.float32, tracked: false), expected) < 1e-4)
    #expect(relativeError(second(.float32, tracked: true), expected) < 1e-4)
  }

  @Test(
    "of equal largest numbers in a window the first gets the gradient, and NaN counts as largest"
  )
  func choices() {
    let random = RandomSource(Seed(33))
    let whole = random.integers(below: 3, [3, 8, 7, 7]).to(.float32) - 2
    let holes = random.uniform([3, 8, 7, 7]).isAtLeast(0.9)
    let x = holes.choose(Tensor.full(.nan, shape: []), else: whole)
    for x in [whole, x, whole * .infinity] {
      for window in [Window(kernel: 2, stride: 2), Window(kernel: 3, stride: 2, padding: 1)] {
        func gradient(_ x: Tensor) -> (value: Tensor, gradient: Tensor) {
          let variable = x.tracked
          let value = variable.maxPooled(window)
          let coefficients = RandomSource(Seed(34)).normal(value.shape).to(x.type)
          return (value.detached, (value * coefficients).sum().gradient(of: variable))
        }
        let (found, expected) = (gradient(x.channelsLast), gradient(x.to(.float64)))
        #expect(same(found.value, expected.value))
        #expect(relativeError(found.gradient, expected.gradient) < 1e-6)
      }
    }
  }

  private func same(_ a: Tensor, _ b: Tensor) -> Bool {
    zip(a.floats(), b.floats()).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }
  }
}
