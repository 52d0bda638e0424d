import Support
import TestSupport
import Testing

@testable import ModelCore

@Suite("Batch normalisation uses and moves the right statistics")
struct BatchNormalizationTests {
  static let shapes = [[64, 5, 6, 7], [300, 9], [3, 1, 4, 4], [2, 3, 1, 1]]

  /// One layer with its tensors; running statistics 0 and 1 at first.
  private func layer(_ text: String, channels: Int) throws -> (LayerList, LayerParameters) {
    let list = try LayerList([text])
    let random = RandomSource(Seed(0))
    let start = try list.parameters(for: [channels]).map {
      ($0.name, $0.start(.xavierUniform, random))
    }
    return (list, LayerParameters(tensors: Dictionary(uniqueKeysWithValues: start)))
  }

  /// Mean and biased variance per channel, float64 `[C]`, whatever the rank.
  private func moments(_ x: Tensor) -> (mean: Tensor, variance: Tensor, count: Int) {
    let wide = x.to(.float64)
    let over = [0] + Array(2..<max(2, x.rank))
    let mean = wide.mean(over, keep: true)
    let variance = (wide - mean).square.mean(over)
    return (mean.reshaped([-1]), variance, x.count / x.shape[1])
  }

  @Test(
    "in training, each channel of the output has mean 0 and variance 1", arguments: shapes,
    [0.0, 1, 1000])
  func standard(_ shape: [Int], _ mean: Double) throws {
    let (list, parameters) = try layer("batchnorm epsilon 1e-12", channels: shape[1])
    let x = RandomSource(Seed(4)).normal(shape) + mean
    for input in [x, x.channelsLast] {
      let y = list.apply(input, parameters, .training(dropout: nil))
      let found = moments(y)
      // In row-major order it is libtorch's own kernel, which rounds the mean to float32 before it
      // subtracts it.
      let ownKernel = input.strides == input.channelsLast.strides
      #expect(found.mean.absolute.max().scalar < 1e-5 + (ownKernel ? 0 : mean * 0x1p-24))
      #expect((found.variance - 1).absolute.max().scalar < 1e-5)
    }
  }

  @Test("a channel of equal values becomes the bias, without a division by zero")
  func constantChannel() throws {
    let (list, parameters) = try layer("batchnorm", channels: 2)
    let y = list.apply(
      Tensor.full(3.7, shape: [8, 2, 3, 3]).channelsLast, parameters, .training(dropout: nil))
    #expect(y.absolute.max().scalar < 1e-3)
  }

  @Test(
    "running statistics follow (1 − m)·running + m·batch, with the unbiased variance",
    arguments: shapes)
  func running(_ shape: [Int]) throws {
    for channelsLast in [false, true] {
      let (list, parameters) = try layer("batchnorm momentum 0.3", channels: shape[1])
      let random = RandomSource(Seed(5))
      var mean = Tensor.zeros([shape[1]], type: .float64)
      var variance = Tensor.ones([shape[1]], type: .float64)
      for batch in 1...3 {
        let x = random.normal(shape) * 2 + Double(batch)
        _ = list.apply(channelsLast ? x.channelsLast : x, parameters, .training(dropout: nil))
        let own = moments(x)
        mean = mean * 0.7 + own.mean * 0.3
        variance = variance * 0.7 + own.variance * (0.3 * Double(own.count) / Double(own.count - 1))
        #expect(parameters["0.num_batches_tracked"].scalar == Double(batch))
      }
      #expect(parameters["0.num_batches_tracked"].type == .int64)
      #expect(relativeError(parameters["0.running_mean"], mean) < 1e-5)
      #expect(relativeError(parameters["0.running_var"], variance) < 1e-5)
    }
  }

  @Test("evaluation uses the running statistics and does not change them")
  func evaluation() throws {
    let (list, parameters) = try layer("batchnorm", channels: 2)
    parameters["0.running_mean"].assign(Tensor([1, -2] as [Float], shape: [2]))
    parameters["0.running_var"].assign(Tensor([4, 0.25] as [Float], shape: [2]))
    parameters["0.weight"].assign(Tensor([2, 1] as [Float], shape: [2]))
    parameters["0.bias"].assign(Tensor([0, 5] as [Float], shape: [2]))
    let x = Tensor([3, 0, -1, -2] as [Float], shape: [2, 2])
    let y = list.apply(x, parameters, .evaluation)
    // (3−1)/2·2, (0+2)/½+5, (−1−1)/2·2, 0+5
    #expect(relativeError(y, Tensor([2, 9, -2, 5] as [Float], shape: [2, 2])) < 1e-4)
    #expect(parameters["0.running_mean"].floats() == [1, -2])
    #expect(parameters["0.num_batches_tracked"].scalar == 0)
  }

  @Test(
    "a training pass without updates uses the batch and does not change the running statistics",
    arguments: shapes)
  func looking(_ shape: [Int]) throws {
    let (list, parameters) = try layer("batchnorm", channels: shape[1])
    let x = RandomSource(Seed(6)).normal(shape) * 3 + 1
    for input in [x, x.channelsLast] {
      let looked = list.apply(input, parameters, Pass.training(dropout: nil).withoutUpdates)
      #expect(parameters["0.running_mean"].absolute.max().scalar == 0)
      #expect(
        parameters["0.running_var"].min().scalar == 1
          && parameters["0.running_var"].max().scalar == 1)
      #expect(parameters["0.num_batches_tracked"].scalar == 0)
      #expect(moments(looked).mean.absolute.max().scalar < 1e-5)
    }
  }

  @Test("the result does not depend on the number of threads")
  func threads() throws {
    let (list, parameters) = try layer("batchnorm", channels: 8)
    let x = (RandomSource(Seed(7)).normal([40, 8, 16, 16]) + 2).channelsLast
    let pass = Pass.training(dropout: nil, updatesStatistics: false)
    let before = Engine.threads
    defer { Engine.start(threads: before) }
    Engine.start(threads: 1)
    let single = list.apply(x, parameters, pass).floats()
    Engine.start(threads: 4)
    #expect(list.apply(x, parameters, pass).floats() == single)
  }
}
