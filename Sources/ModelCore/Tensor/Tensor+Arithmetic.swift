import CTorch

/// Arithmetic, element by element. Where two shapes differ, dimensions of size 1 are broadcast, as
/// in PyTorch.
extension Tensor {
  private func unary(_ operation: ct_unary_op) -> Tensor {
    Tensor(owning: ct_unary(Int32(operation.rawValue), reference))
  }

  private func binary(_ operation: ct_binary_op, _ other: Tensor) -> Tensor {
    Tensor(owning: ct_binary(Int32(operation.rawValue), reference, other.reference))
  }

  private func binary(_ operation: ct_binary_op, _ other: Double) -> Tensor {
    Tensor(owning: ct_binary_scalar(Int32(operation.rawValue), reference, other))
  }

  public static prefix func - (a: Tensor) -> Tensor { a.unary(ct_neg) }
  public static func + (a: Tensor, b: Tensor) -> Tensor { a.binary(ct_add, b) }
  public static func - (a: Tensor, b: Tensor) -> Tensor { a.binary(ct_sub, b) }
  public static func * (a: Tensor, b: Tensor) -> Tensor { a.binary(ct_mul, b) }
  public static func / (a: Tensor, b: Tensor) -> Tensor { a.binary(ct_div, b) }
  public static func + (a: Tensor, b: Double) -> Tensor { a.binary(ct_add, b) }
  public static func - (a: Tensor, b: Double) -> Tensor { a.binary(ct_sub, b) }
  public static func * (a: Tensor, b: Double) -> Tensor { a.binary(ct_mul, b) }
  public static func / (a: Tensor, b: Double) -> Tensor { a.binary(ct_div, b) }
  public static func + (a: Double, b: Tensor) -> Tensor { b + a }
  public static func * (a: Double, b: Tensor) -> Tensor { b * a }
  public static func - (a: Double, b: Tensor) -> Tensor { -b + a }

  public func power(_ exponent: Double) -> Tensor { binary(ct_pow, exponent) }
  public func maximum(_ other: Tensor) -> Tensor { binary(ct_maximum, other) }
  public func maximum(_ other: Double) -> Tensor { binary(ct_maximum, other) }
  public func minimum(_ other: Tensor) -> Tensor { binary(ct_minimum, other) }
  public func minimum(_ other: Double) -> Tensor { binary(ct_minimum, other) }

  // Comparisons return tensors of type bool. They have names, because Swift's comparison operators
  // return a single Bool.
  public func equals(_ other: Tensor) -> Tensor { binary(ct_eq, other) }
  public func equals(_ other: Double) -> Tensor { binary(ct_eq, other) }
  public func differs(from other: Tensor) -> Tensor { binary(ct_ne, other) }
  public func isLess(than other: Tensor) -> Tensor { binary(ct_lt, other) }
  public func isLess(than other: Double) -> Tensor { binary(ct_lt, other) }
  public func isAtMost(_ other: Double) -> Tensor { binary(ct_le, other) }
  public func isGreater(than other: Tensor) -> Tensor { binary(ct_gt, other) }
  public func isGreater(than other: Double) -> Tensor { binary(ct_gt, other) }
  public func isAtLeast(_ other: Double) -> Tensor { binary(ct_ge, other) }
  public func and(_ other: Tensor) -> Tensor { binary(ct_and, other) }
  public func or(_ other: Tensor) -> Tensor { binary(ct_or, other) }
  public var inverted: Tensor { unary(ct_logical_not) }
  public var isFinite: Tensor { unary(ct_isfinite) }

  public var absolute: Tensor { unary(ct_abs) }
  /// -1, 0 or 1; 0 for zero.
  public var sign: Tensor { unary(ct_sign) }
  public var squareRoot: Tensor { unary(ct_sqrt) }
  public var square: Tensor { unary(ct_square) }
  public var exponential: Tensor { unary(ct_exp) }
  public var logarithm: Tensor { unary(ct_log) }
  public var floor: Tensor { unary(ct_floor) }
  /// The nearest whole number. If two are equally near, it is the even one.
  public var rounded: Tensor { unary(ct_round) }

  public var relu: Tensor { unary(ct_relu) }
  public var sigmoid: Tensor { unary(ct_sigmoid) }
  public var tanh: Tensor { unary(ct_tanh) }
  public var gelu: Tensor { unary(ct_gelu) }
  /// `gelu` with 0.5·(1 + tanh(√(2/π)·(x + 0.044715·x³))) in place of the distribution function.
  public var geluTanh: Tensor { unary(ct_gelu_tanh) }
  public var elu: Tensor { unary(ct_elu) }
  public var silu: Tensor { unary(ct_silu) }
  public var softplus: Tensor { unary(ct_softplus) }
  public var relu6: Tensor { unary(ct_relu6) }
  public var hardSwish: Tensor { unary(ct_hardswish) }
  public var hardSigmoid: Tensor { unary(ct_hardsigmoid) }
  public func leakyRelu(slope: Double) -> Tensor { Tensor(owning: ct_leaky_relu(reference, slope)) }

  public func clamped(to range: ClosedRange<Double>) -> Tensor {
    Tensor(owning: ct_clamp(reference, range.lowerBound, range.upperBound))
  }

  /// The matrix product of the last two dimensions; the dimensions before them are broadcast.
  public func matmul(_ other: Tensor) -> Tensor {
    Tensor(owning: ct_matmul(reference, other.reference))
  }

  /// `a` where this tensor of type bool is true, `b` elsewhere.
  public func choose(_ a: Tensor, else b: Tensor) -> Tensor {
    Tensor(owning: ct_where(reference, a.reference, b.reference))
  }
}
