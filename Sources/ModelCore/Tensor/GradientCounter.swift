import CTorch

/// Counts the rows of gradients that flow back through tensors: one row for each example of a
/// batch.
public final class GradientCounter: @unchecked Sendable {
  private let reference: OpaquePointer

  public init() {
    guard let reference = ct_counter_new() else { Engine.refuse() }
    self.reference = reference
  }

  deinit { ct_counter_free(reference) }

  /// How many rows of gradients have flowed through the tensors so far.
  public var rows: Int { Int(ct_counter_value(reference)) }

  /// Counts the gradients of a tensor `[N, …]` from now on: N rows each time a gradient flows back
  /// through it. A tensor without gradients counts nothing.
  public func count(_ tensor: Tensor) {
    guard tensor.isTracked else { return }
    guard ct_count_gradients(tensor.reference, reference) else { Engine.refuse() }
  }
}
