import ModelCore
import Support

/// An operation on sizes, which torch.export writes by the name of a Python function: sizes of
/// tensors depend on the number of images, and a graph computes with them.
enum ExportArithmetic: String {
  case add, sub, mul, floordiv, mod, neg, pow, truediv, eq, ne, lt, le, gt, ge, and, or, not
  case symMax = "sym_max"
  case symMin = "sym_min"
  case symFloat = "sym_float"
  case symNot = "sym_not"
  case trunc, floor, ceil

  /// - Parameter target: the function, such as "_operator.mul", "math.floor" or "torch.sym_max".
  init?(target: String) {
    let parts = target.split(separator: ".")
    guard parts.count == 2, ["_operator", "math", "torch"].contains(parts[0]) else { return nil }
    self.init(rawValue: parts[1].hasSuffix("_") ? String(parts[1].dropLast()) : String(parts[1]))
  }

  /// - Throws: `Failure.badData` if the arguments are no numbers, or the result does not fit.
  func result(_ arguments: [Operator.Value]) throws -> Operator.Value {
    let impossible = Failure.badData("an operation on sizes has impossible arguments")
    if arguments.count == 1 {
      switch (self, arguments[0]) {
      case (.neg, .int(let number)):
        guard number != .min else { throw impossible }
        return .int(-number)
      case (.neg, .double(let number)): return .double(-number)
      case (.symFloat, .int(let number)): return .double(Double(number))
      case (.symFloat, .double): return arguments[0]
      case (.not, .bool(let truth)), (.symNot, .bool(let truth)): return .bool(!truth)
      case (.trunc, .int), (.floor, .int), (.ceil, .int): return arguments[0]
      case (_, .double(let number)):
        let rule: [ExportArithmetic: FloatingPointRoundingRule] = [
          .trunc: .towardZero, .floor: .down, .ceil: .up,
        ]
        guard let rule = rule[self], let whole = Int(exactly: number.rounded(rule)) else {
          throw impossible
        }
        return .int(whole)
      default: throw impossible
      }
    }
    guard arguments.count == 2 else { throw impossible }
    switch (arguments[0], arguments[1]) {
    case (.int(let a), .int(let b)):
      guard let result = whole(a, b) else { throw impossible }
      return result
    case (.bool(let a), .bool(let b)):
      switch self {
      case .and: return .bool(a && b)
      case .or: return .bool(a || b)
      default: throw impossible
      }
    case (.int(let a), .double(let b)): return try real(Double(a), b, impossible)
    case (.double(let a), .int(let b)): return try real(a, Double(b), impossible)
    case (.double(let a), .double(let b)): return try real(a, b, impossible)
    default: throw impossible
    }
  }

  /// The result for whole numbers, as Python computes it; nil if it overflows or divides by zero.
  private func whole(_ a: Int, _ b: Int) -> Operator.Value? {
    func checked(_ result: (partialValue: Int, overflow: Bool)) -> Operator.Value? {
      result.overflow ? nil : .int(result.partialValue)
    }
    // Python rounds quotients down, and the remainder has the sign of the divisor.
    let divides = b != 0 && !(a == .min && b == -1)
    switch self {
    case .add: return checked(a.addingReportingOverflow(b))
    case .sub: return checked(a.subtractingReportingOverflow(b))
    case .mul: return checked(a.multipliedReportingOverflow(by: b))
    case .floordiv:
      guard divides else { return nil }
      return .int(a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0))
    case .mod:
      guard divides else { return nil }
      let rest = a % b
      return .int(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest)
    case .pow:
      guard (0...64).contains(b) else { return nil }
      var power = 1
      for _ in 0..<b {
        let (next, overflow) = power.multipliedReportingOverflow(by: a)
        guard !overflow else { return nil }
        power = next
      }
      return .int(power)
    case .truediv: return b == 0 ? nil : .double(Double(a) / Double(b))
    case .symMax: return .int(max(a, b))
    case .symMin: return .int(min(a, b))
    default: return compared(a, b).map { .bool($0) }
    }
  }

  private func real(_ a: Double, _ b: Double, _ impossible: Failure) throws -> Operator.Value {
    switch self {
    case .add: return .double(a + b)
    case .sub: return .double(a - b)
    case .mul: return .double(a * b)
    case .truediv where b != 0: return .double(a / b)
    case .symMax: return .double(max(a, b))
    case .symMin: return .double(min(a, b))
    default:
      guard let truth = compared(a, b) else { throw impossible }
      return .bool(truth)
    }
  }

  private func compared<Number: Comparable>(_ a: Number, _ b: Number) -> Bool? {
    switch self {
    case .eq: a == b
    case .ne: a != b
    case .lt: a < b
    case .le: a <= b
    case .gt: a > b
    case .ge: a >= b
    default: nil
    }
  }
}
