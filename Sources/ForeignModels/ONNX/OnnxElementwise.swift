import ModelCore
import Support

/// Operators that compute each number by itself, or from the numbers at one place of several
/// tensors. Shapes that differ are broadcast.
extension OnnxOperators {
  /// An operator of libtorch that takes the first input.
  private static func function(of input: @escaping Single) -> (String) -> Single {
    { name in { try $0.aten(name, [.tensor(input($0))]) } }
  }

  /// Functions of one number, by the operator of libtorch that computes the same.
  static let functions: [String: Single] = {
    let ofNumbers = [
      "Erf": "erf", "Log": "log", "Sin": "sin", "Cos": "cos", "Tan": "tan", "Asin": "asin",
      "Acos": "acos", "Atan": "atan", "Sinh": "sinh", "Cosh": "cosh", "Asinh": "asinh",
      "Acosh": "acosh", "Atanh": "atanh", "Reciprocal": "reciprocal", "Floor": "floor",
      "Ceil": "ceil", "Round": "round", "Mish": "mish", "HardSwish": "hardswish",
    ]
    let ofAny = ["Abs": "abs", "Sign": "sign"]
    let others: [String: Single] = [
      "Relu": { try $0.numbers(0).throwing.relu() },
      "Sigmoid": { try $0.numbers(0).throwing.sigmoid() },
      "Tanh": { try $0.numbers(0).throwing.tanh() },
      "Softplus": { try $0.numbers(0).throwing.softplus() },
      "Sqrt": { try $0.numbers(0).throwing.squareRoot() },
      "Exp": { try $0.numbers(0).throwing.exponential() },
      "Neg": { try $0.input(0).throwing.negated() },
      "Identity": { try $0.input(0) },
      "Cast": { try $0.cast() },
      "CastLike": { try $0.input(0).throwing.to($0.input(1).type) },
      "Not": { try $0.aten("logical_not", [.tensor($0.truths(0))]) },
    ]
    return others.merging(ofNumbers.mapValues(function(of: { try $0.numbers(0) }))) { first, _ in
      first
    }
    .merging(ofAny.mapValues(function(of: { try $0.input(0) }))) { first, _ in first }
  }()

  /// Arithmetic on two or more tensors.
  static let combinations: [String: Single] = [
    "Add": { try $0.binary($0.input(0), $0.input(1)) { try $0.plus($1) } },
    "Sub": { try $0.binary($0.input(0), $0.input(1)) { try $0.minus($1) } },
    "Mul": { try $0.binary($0.input(0), $0.input(1)) { try $0.times($1) } },
    "Div": { try $0.quotient() },
    "Mod": { try $0.remainder() },
    "Pow": { try $0.power() },
    "Max": { try $0.folded { try $0.pair("maximum", $1, $2) } },
    "Min": { try $0.folded { try $0.pair("minimum", $1, $2) } },
    "Sum": { try $0.folded { try $0.pair("add.Tensor", $1, $2) } },
    "Mean": {
      let count = Double($0.inputs.count)
      return try $0.folded { try $0.pair("add.Tensor", $1, $2) } / count
    },
    "Where": { try $0.chosen($0.truths(0), $0.input(1), $0.input(2)) },
  ]

  static let comparisons: [String: Single] = [
    "Equal": { try $0.pair("eq.Tensor", $0.input(0), $0.input(1)) },
    "Greater": { try $0.pair("gt.Tensor", $0.input(0), $0.input(1)) },
    "GreaterOrEqual": { try $0.pair("ge.Tensor", $0.input(0), $0.input(1)) },
    "Less": { try $0.pair("lt.Tensor", $0.input(0), $0.input(1)) },
    "LessOrEqual": { try $0.pair("le.Tensor", $0.input(0), $0.input(1)) },
    "And": { try $0.pair("logical_and", $0.truths(0), $0.truths(1)) },
    "Or": { try $0.pair("logical_or", $0.truths(0), $0.truths(1)) },
    "Xor": { try $0.pair("logical_xor", $0.truths(0), $0.truths(1)) },
  ]
}

extension OnnxCall {
  /// An input of truth values.
  func truths(_ place: Int) throws -> Tensor {
    let tensor = try input(place)
    guard tensor.type == .bool else {
      throw wrong("expects truth values as input \(place), found \(tensor.type)")
    }
    return tensor
  }

  /// `a` where the condition holds, `b` elsewhere.
  func chosen(_ condition: Tensor, _ a: Tensor, _ b: Tensor) throws -> Tensor {
    guard a.type == b.type else { throw wrong("chooses between \(a.type) and \(b.type)") }
    _ = try broadcast(broadcast(condition.shape, a.shape), b.shape)
    return try aten("where.self", together([condition, a, b]).map { .tensor($0) })
  }

  /// An operation on two tensors, applied to all inputs in turn.
  fileprivate func folded(_ operation: (OnnxCall, Tensor, Tensor) throws -> Tensor) throws -> Tensor
  {
    try inputs.indices.dropFirst().reduce(input(0)) { try operation(self, $0, input($1)) }
  }

  /// Numbers become half of their digits in no type: a cast to one of the half types gives float32,
  /// in which everything is computed.
  fileprivate func cast() throws -> Tensor {
    guard let code = try int("to"), let type = OnnxTensor.types[code]?.becomes else {
      throw wrong("casts to the ONNX element type \(try int("to") ?? 0), which is not supported")
    }
    return try input(0).throwing.to(type)
  }

  /// For whole numbers, the quotient without its fraction.
  fileprivate func quotient() throws -> Tensor {
    let (a, b) = (try input(0), try input(1))
    guard a.type != .float32 else { return try pair("div.Tensor", numbers(0), numbers(1)) }
    return try ofWholeNumbers(a, b) { $0.dividedReportingOverflow(by: $1).partialValue }
  }

  /// The remainder of a division, with the sign of the divisor, or of the dividend if `fmod` is 1.
  fileprivate func remainder() throws -> Tensor {
    let (a, b) = (try input(0), try input(1))
    let followsDividend = try int("fmod") ?? 0 != 0
    guard a.type != .float32 else {
      return try pair(followsDividend ? "fmod.Tensor" : "remainder.Tensor", numbers(0), numbers(1))
    }
    return try ofWholeNumbers(a, b) {
      let rest = $0.remainderReportingOverflow(dividingBy: $1).partialValue
      return followsDividend || rest == 0 || (rest < 0) == ($1 < 0) ? rest : rest &+ $1
    }
  }

  /// Divisions of whole numbers. Processors stop at a division by 0, and at that of the smallest
  /// number by −1.
  private func ofWholeNumbers(
    _ a: Tensor, _ b: Tensor, _ operation: (Int64, Int64) -> Int64
  ) throws -> Tensor {
    guard [.int64, .int32].contains(a.type), a.type == b.type else {
      throw wrong("divides \(a.type) by \(b.type)")
    }
    let shape = try broadcast(a.shape, b.shape)
    let (above, below) = (
      try expanded(a, shape).int64s(), try expanded(b, shape).int64s()
    )
    guard !below.contains(0) else { throw wrong("divides by 0") }
    return Tensor(zip(above, below).map(operation), shape: shape).to(a.type)
  }

  /// x^y. An exponent that is a single number is given as such, since its own derivative, with the
  /// logarithm of x, is not needed.
  fileprivate func power() throws -> Tensor {
    let (base, exponent) = (try input(0), try input(1))
    let result =
      exponent.count == 1 && exponent.rank <= base.rank && !exponent.isTracked
      ? try aten("pow.Tensor_Scalar", [.tensor(base), .double(exponent.scalar)])
      : try pair("pow.Tensor_Tensor", base, exponent)
    return result.type == base.type ? result : result.to(base.type)
  }
}
