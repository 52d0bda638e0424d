import Support
import Testing

@testable import ModelCore

@Suite("Kernels that interval bounds use")
struct IntervalKernelTests {
  private let random = RandomSource(Seed(31))

  /// The gradients of Σ coefficient·output², once as a training step takes them and once to be
  /// differentiated again, and the gradients of the sum of the squares of the latter.
  private func derivatives(
    of variables: [Tensor], _ coefficients: [Tensor], _ outputs: () -> [Tensor]
  ) -> [Tensor] {
    func loss() -> Tensor {
      let terms = zip(outputs(), coefficients).map { ($0.square * $1).sum() }
      return terms.dropFirst().reduce(terms[0], +)
    }
    let recorded = loss()
    let first = variables.map { recorded.gradient(of: $0, differentiable: true) }
    let squares = first.map { $0.square.sum() }
    let second = squares.dropFirst().reduce(squares[0], +)
    return loss().gradients(of: variables) + first.map { $0.detached }
      + second.gradients(of: variables)
  }

  private func expectEqual(_ found: [Tensor], _ expected: [Tensor], within tolerance: Double) {
    for (a, b) in zip(found, expected) {
      let scale = max(1, b.absolute.max().scalar)
      #expect((a.to(.float64) - b.to(.float64)).absolute.max().scalar <= tolerance * scale)
    }
  }

  @Test(
    "pooling of interval ends equals the pooling of each end, with the same derivatives",
    arguments: ["maxpool 2", "maxpool 3 stride 2 padding 1"], [3, 21])
  func pooling(_ text: String, channels: Int) throws {
    let pooling = try #require(try LayerList([text]).layers[0] as? MaxPooling)
    let shape = [4, channels, 8, 8]
    // Many ties: whole numbers, and radii of which half are 0.
    let center = (random.integers(below: 5, shape).to(.float32) - 2).channelsLast.tracked
    let radius = random.integers(below: 2, shape).to(.float32).channelsLast.tracked
    let ends = center.maxPooledEnds(radius: radius, pooling.window)
    let lower = (center - radius).maxPooled(pooling.window)
    let upper = (center + radius).maxPooled(pooling.window)
    #expect(ends.lower.detached.floats() == lower.detached.floats())
    #expect(ends.upper.detached.floats() == upper.detached.floats())
    let coefficients = [lower, upper].map { random.normal($0.shape) }
    expectEqual(
      derivatives(of: [center, radius], coefficients) {
        let ends = center.maxPooledEnds(radius: radius, pooling.window)
        return [ends.lower, ends.upper]
      },
      derivatives(of: [center, radius], coefficients) {
        [(center - radius).maxPooled(pooling.window), (center + radius).maxPooled(pooling.window)]
      }, within: 1e-6)
  }

  @Test(
    "channel moments equal the mean and the biased variance, with the same derivatives",
    arguments: [[6, 5, 4, 3], [9, 7]])
  func moments(_ shape: [Int]) {
    // The mean is large beside the deviation, where careless sums lose digits.
    let x = (random.normal(shape) + 30).tracked
    let wide = x.detached.to(.float64).tracked
    let axes = [0] + Array(2..<shape.count)
    func expected() -> [Tensor] {
      let mean = wide.mean(axes, keep: true)
      return [mean.reshaped([-1]), (wide - mean).square.mean(axes)]
    }
    func found() -> [Tensor] { [x.channelMoments.mean, x.channelMoments.variance] }
    expectEqual(found().map { $0.detached }, expected().map { $0.detached }, within: 1e-6)
    let coefficients = (0..<2).map { _ in random.normal([shape[1]]) }
    expectEqual(
      derivatives(of: [x], coefficients, found),
      derivatives(of: [wide], coefficients.map { $0.to(.float64) }, expected), within: 1e-5)
  }
}
