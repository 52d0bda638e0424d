import ModelCore
import Support

/// Activations with parameters.
extension OnnxOperators {
  static let activations: [String: Single] = [
    "LeakyRelu": {
      let slope = try $0.float("alpha") ?? 0.01
      return try $0.numbers(0).throwing.leakyRelu(slope: slope)
    },
    "Elu": { try $0.exponentialUnit(alpha: $0.float("alpha") ?? 1) },
    "Selu": {
      try $0.exponentialUnit(
        alpha: $0.float("alpha") ?? 1.67326319217681884765625,
        scale: $0.float("gamma") ?? 1.05070102214813232421875)
    },
    "Celu": {
      let alpha = try $0.float("alpha") ?? 1
      return try $0.exponentialUnit(alpha: alpha, inner: 1 / alpha)
    },
    "PRelu": { try $0.parametricRelu() },
    "ThresholdedRelu": {
      let threshold = Operator.Value.double(try $0.float("alpha") ?? 1)
      return try $0.aten("threshold", [.tensor($0.numbers(0)), threshold, .double(0)])
    },
    "HardSigmoid": {
      let (slope, shift) = (try $0.float("alpha") ?? 0.2, try $0.float("beta") ?? 0.5)
      return try ($0.numbers(0) * slope + shift).throwing.clamped(from: 0, to: 1)
    },
    "Softsign": {
      let x = try $0.numbers(0)
      return try $0.pair("div.Tensor", x, $0.aten("abs", [.tensor(x)]) + 1)
    },
    "Swish": {
      let x = try $0.numbers(0)
      let slope = try $0.float("alpha") ?? 1
      if slope == 1 { return try $0.aten("silu", [.tensor(x)]) }
      return try $0.pair("mul.Tensor", x, (x * slope).throwing.sigmoid())
    },
    "Gelu": {
      let form = try $0.text("approximate") ?? "none"
      guard form == "none" || form == "tanh" else {
        throw $0.wrong("has the unknown approximation '\(form.prefix(40))'")
      }
      return try $0.aten("gelu", [.tensor($0.numbers(0)), .text(form)])
    },
    "Clip": { try $0.clip() },
  ]
}

extension OnnxCall {
  /// scale·x for x > 0, and scale·α·(exp(inner·x) − 1) otherwise.
  fileprivate func exponentialUnit(alpha: Double, scale: Double = 1, inner: Double = 1) throws
    -> Tensor
  {
    guard alpha.isFinite, scale.isFinite, inner.isFinite else {
      throw wrong("has parameters that are not numbers")
    }
    return try aten(
      "elu", [.tensor(numbers(0)), .double(alpha), .double(scale), .double(inner)])
  }

  /// x for x > 0, and slope·x otherwise, with one slope for each channel or for all.
  fileprivate func parametricRelu() throws -> Tensor {
    let (x, slope) = (try numbers(0), try numbers(1))
    let perChannel = x.rank > 1 ? [x.shape[1]] + [Int](repeating: 1, count: x.rank - 2) : []
    if slope.count == 1 || slope.shape == perChannel {
      return try aten("prelu", [.tensor(x), .tensor(reshaped(slope, [slope.count]))])
    }
    guard try broadcast(x.shape, slope.shape) == x.shape else {
      throw wrong("has slopes of shape \(slope.shape) for an input of \(x.shape)")
    }
    let (above, below) = (try x.throwing.relu(), try x.throwing.clamped(from: -.infinity, to: 0))
    return try pair("add.Tensor", above, pair("mul.Tensor", slope, below))
  }

  fileprivate func clip() throws -> Tensor {
    let x = try input(0)
    let low = try number(1, or: "min") ?? -.infinity
    let high = try number(2, or: "max") ?? .infinity
    if x.type == .float32 { return try x.throwing.clamped(from: low, to: high) }
    guard [.int64, .int32].contains(x.type) else { throw wrong("clips \(x.type)") }
    // Only the bounds that are given, since whole numbers have no infinity.
    func bound(_ number: Double) -> Operator.Value {
      abs(number) < 0x1p53 ? .int(Int(number)) : .none
    }
    let bounds = [bound(low), bound(high)]
    if case (.none, .none) = (bounds[0], bounds[1]) { return x }
    return try aten("clamp", [.tensor(x)] + bounds)
  }
}
