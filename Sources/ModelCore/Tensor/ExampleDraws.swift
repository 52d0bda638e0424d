import Foundation
import Support

/// Random numbers that belong to examples.
///
/// Every number is a function of a seed, the purpose that it is drawn for, the number of its
/// example, and its place in the draw. It does not depend on the size or the order of a batch, on
/// which other examples are in it, on what was drawn before, or on the device: numbers are computed
/// on the processor and moved.
///
/// There is no state. The same call on the same value gives the same numbers, so each draw needs a
/// purpose of its own:
///
///     let start = draws.purpose("start").uniform(shape)
///     for step in 0..<steps { let noise = draws.purpose("step \(step)").normal(shape) }
public struct ExampleDraws: Sendable {
  public let seed: Seed
  /// The number of each example, N of them; rows of every draw are in this order.
  public let examples: [Int]
  public let device: Device

  /// - Parameter examples: numbers of at least 0, such as places in a data set.
  public init(_ seed: Seed, examples: [Int], device: Device = .cpu) {
    self.seed = seed
    self.examples = examples
    self.device = device
  }

  /// The draws for one purpose. Each purpose has numbers of its own.
  public func purpose(_ name: String) -> ExampleDraws {
    ExampleDraws(seed.derive(name), examples: examples, device: device)
  }

  /// The draws of some of the examples.
  /// - Parameter rows: int64 `[M]`, places in `examples`.
  public func rows(_ rows: Tensor) -> ExampleDraws {
    ExampleDraws(seed, examples: rows.int64s().map { examples[Int($0)] }, device: device)
  }

  /// Uniform numbers in [low, high): float32 `[N] + shape`.
  /// - Parameter shape: the shape of one example's numbers.
  public func uniform(_ shape: [Int] = [], in range: Range<Double> = 0..<1) -> Tensor {
    let (low, width) = (Float(range.lowerBound), Float(range.upperBound - range.lowerBound))
    return filled(shape) { low + width * Self.unit($0) }
  }

  /// Standard normal numbers: float32 `[N] + shape`.
  public func normal(_ shape: [Int] = []) -> Tensor {
    // Box and Muller, 1958: two uniform numbers u and v give √(−2 ln u)·cos 2πv and √(−2 ln u)·sin
    // 2πv.
    let count = shape.reduce(1, *)
    return rows(of: shape, words: count + count % 2) { words, out in
      for place in stride(from: 0, to: count, by: 2) {
        // 1 − u lies in (0, 1], so that the logarithm is finite.
        let radius = (-2 * log(1 - Self.unit(words[place]))).squareRoot()
        let angle = 2 * Float.pi * Self.unit(words[place + 1])
        out[place] = radius * cos(angle)
        if place + 1 < count { out[place + 1] = radius * sin(angle) }
      }
    }
  }

  /// −1 or 1 with equal probability: float32 `[N] + shape`.
  public func signs(_ shape: [Int] = []) -> Tensor {
    filled(shape) { $0 >> 31 == 0 ? 1 : -1 }
  }

  /// Whole numbers in 0..<`bound`, equally likely to within 2⁻³²·`bound`: int64 `[N] + shape`.
  public func integers(below bound: Int, _ shape: [Int] = []) -> Tensor {
    precondition((1...(1 << 24)).contains(bound), "expected a bound from 1 to 2^24, found \(bound)")
    return filled(shape) { Float((UInt64($0) * UInt64(bound)) >> 32) }.to(.int64)
  }

  /// A number in [0, 1) that all examples share.
  public func sharedUniform() -> Double {
    Double(Self.unit(sharedWord()))
  }

  /// A whole number in 0..<`bound` that all examples share.
  public func sharedInteger(below bound: Int) -> Int {
    precondition(bound >= 1, "expected a bound of at least 1, found \(bound)")
    return Int((UInt64(sharedWord()) * UInt64(bound)) >> 32)
  }

  /// A word of the stream that belongs to no example.
  private func sharedWord() -> UInt32 {
    var word: UInt32 = 0
    Philox(key: seed.value).fill(&word, count: 1, stream: .max)
    return word
  }

  /// The upper 24 bits of a word as a number in [0, 1), which float32 holds exactly.
  @inline(__always)
  private static func unit(_ word: UInt32) -> Float { Float(word >> 8) * 0x1p-24 }

  private func filled(_ shape: [Int], _ value: (UInt32) -> Float) -> Tensor {
    let count = shape.reduce(1, *)
    return rows(of: shape, words: count) { words, out in
      for place in 0..<count { out[place] = value(words[place]) }
    }
  }

  /// Makes a tensor row by row out of each example's first `words` words.
  private func rows(
    of shape: [Int], words: Int,
    _ body: (UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<Float>) -> Void
  ) -> Tensor {
    let full = [examples.count] + shape
    let count = shape.reduce(1, *)
    guard count * examples.count > 0 else { return Tensor.zeros(full, device: device) }
    let (tensor, memory) = Tensor.unset(full, type: .float32)
    let numbers = memory.assumingMemoryBound(to: Float.self)
    let philox = Philox(key: seed.value)
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: words) { buffer in
      guard let base = buffer.baseAddress else { return }
      for (row, example) in examples.enumerated() {
        philox.fill(base, count: words, stream: UInt64(example))
        body(base, numbers + row * count)
      }
    }
    return tensor.to(device)
  }
}
