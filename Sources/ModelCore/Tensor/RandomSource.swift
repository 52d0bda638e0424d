import CTorch
import Support

/// An independent stream of random numbers. The same seed gives the same numbers, whatever other
/// code draws.
///
/// Numbers are drawn on the processor and moved to `device`, so that every device sees the same
/// ones.
public final class RandomSource: @unchecked Sendable {
  private let reference: OpaquePointer
  public let device: Device

  public init(_ seed: Seed, device: Device = .cpu) {
    guard let reference = ct_generator_new(seed.value) else { Engine.refuse() }
    self.reference = reference
    self.device = device
  }

  deinit { ct_generator_free(reference) }

  /// Uniform in [low, high).
  public func uniform(_ shape: [Int], in range: Range<Double> = 0..<1) -> Tensor {
    let made = ct_uniform(
      reference, range.lowerBound, range.upperBound, shape.sizes, Int32(shape.count))
    return Tensor(owning: made).to(device)
  }

  /// Standard normal.
  public func normal(_ shape: [Int]) -> Tensor {
    Tensor(owning: ct_normal(reference, shape.sizes, Int32(shape.count))).to(device)
  }

  /// Whole numbers in 0..<bound, int64.
  public func integers(below bound: Int, _ shape: [Int]) -> Tensor {
    Tensor(owning: ct_integers(reference, Int64(bound), shape.sizes, Int32(shape.count))).to(device)
  }

  /// 0..<count in random order, int64.
  public func permutation(_ count: Int) -> Tensor {
    Tensor(owning: ct_permutation(reference, Int64(count))).to(device)
  }
}
