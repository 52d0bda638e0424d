import CTorch
import Support

/// The operations of a tensor that report libtorch's refusal as an error.
///
/// The operations of `Tensor` itself end the process if libtorch refuses them, because their shapes
/// were checked before. A computation that a file describes, such as an ONNX graph, cannot be
/// checked completely in advance: a wrong one must be refused as bad data. Each operation here
/// computes what the one of the same name on `Tensor` computes.
///
///     let logits = try images.throwing.linear(weight, bias: bias)
///
/// Every operation throws `Failure.badData` with the reason that libtorch gives.
package struct ThrowingOperations {
  fileprivate let tensor: Tensor

  // MARK: Each number by itself

  package func relu() throws -> Tensor { try unary(ct_relu) }
  package func sigmoid() throws -> Tensor { try unary(ct_sigmoid) }
  package func tanh() throws -> Tensor { try unary(ct_tanh) }
  package func softplus() throws -> Tensor { try unary(ct_softplus) }
  package func squareRoot() throws -> Tensor { try unary(ct_sqrt) }
  package func exponential() throws -> Tensor { try unary(ct_exp) }
  package func negated() throws -> Tensor { try unary(ct_neg) }

  package func leakyRelu(slope: Double) throws -> Tensor {
    try calling { ct_leaky_relu($0, slope) }
  }

  package func clamped(from low: Double, to high: Double) throws -> Tensor {
    try calling { ct_clamp($0, low, high) }
  }

  /// The numbers converted to another element type.
  package func to(_ type: Tensor.ElementType) throws -> Tensor {
    try calling { ct_to_type($0, type.rawValue) }
  }

  // MARK: Two tensors, with dimensions of size one broadcast

  package func plus(_ other: Tensor) throws -> Tensor { try binary(ct_add, other) }
  package func minus(_ other: Tensor) throws -> Tensor { try binary(ct_sub, other) }
  package func times(_ other: Tensor) throws -> Tensor { try binary(ct_mul, other) }
  package func divided(by other: Tensor) throws -> Tensor { try binary(ct_div, other) }

  // MARK: Layers

  /// The matrix product of the last two dimensions, with batch dimensions broadcast.
  package func matmul(_ other: Tensor) throws -> Tensor {
    try calling(with: [other]) { ct_matmul($0, $1[0]) }
  }

  /// x·Wᵀ + b for x `[N, in]` and `weight` `[out, in]`.
  package func linear(_ weight: Tensor, bias: Tensor?) throws -> Tensor {
    try calling(with: [weight, bias]) { x, others in ct_linear(x, others[0], others[safe: 1]) }
  }

  /// `weight` is `[out, in / groups, height, width]`.
  package func convolved(_ weight: Tensor, bias: Tensor?, window: Window, groups: Int) throws
    -> Tensor
  {
    try calling(with: [weight, bias]) { x, others in
      ct_conv2d(x, others[0], others[safe: 1], window.native, Int64(groups))
    }
  }

  package func maxPooled(_ window: Window) throws -> Tensor {
    try calling { ct_max_pool2d($0, window.native) }
  }

  /// The mean of each window; zeros of the padding count.
  package func averagePooled(_ window: Window) throws -> Tensor {
    try calling { ct_avg_pool2d($0, window.native) }
  }

  /// The mean of each channel: `[N, C, 1, 1]`.
  package func globallyPooled() throws -> Tensor { try calling { ct_global_avg_pool2d($0) } }

  /// (x − mean) / √(variance + ε) · weight + bias per channel, all four `[C]`.
  package func batchNormalized(
    weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, epsilon: Double
  ) throws -> Tensor {
    // Outside training, running statistics are not updated, so the momentum has no effect.
    try calling(with: [weight, bias, mean, variance]) { x, others in
      ct_batch_norm(x, others[0], others[1], others[2], others[3], false, 0.1, epsilon)
    }
  }

  package func softmax(_ dimension: Int) throws -> Tensor {
    try calling { ct_softmax($0, Int32(dimension)) }
  }

  package func logSoftmax(_ dimension: Int) throws -> Tensor {
    try calling { ct_log_softmax($0, Int32(dimension)) }
  }

  // MARK: Shape and reduction

  package func reshaped(_ shape: [Int]) throws -> Tensor {
    try calling { ct_reshape($0, shape.sizes, Int32(shape.count)) }
  }

  package func permuted(_ order: [Int]) throws -> Tensor {
    try calling { ct_permute($0, order.sizes, Int32(order.count)) }
  }

  package func narrow(_ dimension: Int, _ start: Int, _ length: Int) throws -> Tensor {
    try calling { ct_narrow($0, Int32(dimension), Int64(start), Int64(length)) }
  }

  package func indexSelect(_ dimension: Int, _ indices: Tensor) throws -> Tensor {
    try calling(with: [indices]) { ct_index_select($0, Int32(dimension), $1[0]) }
  }

  /// Images with a border of `value`.
  package func padded(left: Int, right: Int, top: Int, bottom: Int, value: Double) throws -> Tensor
  {
    try calling { ct_pad($0, Int64(left), Int64(right), Int64(top), Int64(bottom), value) }
  }

  package func mean(_ dimensions: [Int], keep: Bool) throws -> Tensor {
    try calling {
      ct_reduce(Int32(ct_mean.rawValue), $0, dimensions.sizes, Int32(dimensions.count), keep)
    }
  }

  // MARK: Gradients

  /// The gradient of this scalar with respect to a variable, which is zero if this scalar does not
  /// depend on it. An operation may have no derivative.
  package func gradient(of variable: Tensor) throws -> Tensor {
    try withExtendedLifetime((tensor, variable)) {
      var out: [OpaquePointer?] = [nil]
      let succeeded = ct_gradient(
        tensor.reference, [variable.reference], 1, false, false, &out)
      return try Tensor(checking: succeeded ? out[0] : nil)
    }
  }

  // MARK: Calls of libtorch

  private func unary(_ operation: ct_unary_op) throws -> Tensor {
    try calling { ct_unary(Int32(operation.rawValue), $0) }
  }

  private func binary(_ operation: ct_binary_op, _ other: Tensor) throws -> Tensor {
    try calling(with: [other]) { ct_binary(Int32(operation.rawValue), $0, $1[0]) }
  }

  private func calling(_ operation: (OpaquePointer) -> OpaquePointer?) throws -> Tensor {
    try withExtendedLifetime(tensor) { try Tensor(checking: operation(tensor.reference)) }
  }

  /// - Parameter others: further arguments; those that are nil are left out.
  private func calling(
    with others: [Tensor?], _ operation: (OpaquePointer, [OpaquePointer]) -> OpaquePointer?
  ) throws -> Tensor {
    try withExtendedLifetime((tensor, others)) {
      let references = others.compactMap { $0?.reference }
      return try Tensor(checking: operation(tensor.reference, references))
    }
  }
}

extension Tensor {
  /// The operations of this tensor that throw if libtorch refuses them.
  package var throwing: ThrowingOperations { ThrowingOperations(tensor: self) }

  /// Tensors joined along a dimension.
  /// - Throws: `Failure.badData` with the reason that libtorch gives, if it refuses.
  package static func throwingConcatenation(_ tensors: [Tensor], along dimension: Int) throws
    -> Tensor
  {
    try withExtendedLifetime(tensors) {
      let references = tensors.map(\.reference)
      return try Tensor(checking: ct_cat(references, Int32(tensors.count), Int32(dimension)))
    }
  }

  /// Takes ownership of a handle that the C interface made.
  /// - Throws: `Failure.badData` with the reason that libtorch gives, if there is none.
  init(checking reference: OpaquePointer?) throws {
    guard let reference else { throw Failure.badData(Engine.briefError) }
    self.init(owning: reference)
  }
}

extension Engine {
  /// Why libtorch last refused something on this thread, on one line. Of an error inside a
  /// TorchScript program it is the reason alone, without the calls that led there.
  static var briefError: String {
    let lines = lastError.split(separator: "\n").map(String.init)
    guard let reason = lines.last(where: { $0.contains(#/^[\w.]+(Error|Exception): /#) }) else {
      return lines.first ?? "unknown error"
    }
    return reason.replacing(#/^RuntimeError: /#, with: "")
  }
}

extension [OpaquePointer] {
  /// The element at a place; nil past the end.
  fileprivate subscript(safe place: Int) -> OpaquePointer? { place < count ? self[place] : nil }
}
