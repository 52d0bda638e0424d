import ModelCore
import Support

/// One node of a graph of torch.export, with the slots of the values that it takes and gives.
struct ExportStep {
  /// What computes the node.
  enum Callee {
    case tensorOperator(Operator)
    case arithmetic(ExportArithmetic)
  }

  /// An argument: a constant, or values of slots.
  enum Operand {
    case constant(Operator.Value)
    case slot(Int)
    case numbers([Number])
    case tensors([Int?])
  }
  enum Number {
    case known(Int)
    case slot(Int)
  }

  /// The place of a result.
  enum Target {
    case one(Int)
    case list([Int])
    case none
  }

  let callee: Callee
  private(set) var operands: [Operand]
  private(set) var targets: [Target]
  /// The node in error messages.
  let label: String
  /// The slots that no later step needs.
  var forgotten: [Int] = []

  /// The slots that it reads, and those that it fills.
  var reads: [Int] {
    operands.flatMap { operand -> [Int] in
      switch operand {
      case .constant: []
      case .slot(let slot): [slot]
      case .numbers(let numbers):
        numbers.compactMap { if case .slot(let slot) = $0 { slot } else { nil } }
      case .tensors(let slots): slots.compactMap { $0 }
      }
    }
  }
  var gives: [Int] {
    targets.flatMap { target -> [Int] in
      switch target {
      case .one(let slot): [slot]
      case .list(let slots): slots
      case .none: []
      }
    }
  }

  /// Whether results may share memory with what it takes.
  let sharesMemory: Bool
  /// Whether it may give the numbers of a tensor in another shape, and may have to copy them for it.
  let mayReshape: Bool
  /// The slot of the value that it writes into; nil if it writes into none.
  let written: Int?

  init(_ node: ExportDocument.Node, slots: inout ExportSlots, device: Device) throws {
    label = "node \(node.target.prefix(80))"
    let (callee, names) = try ExportOperators.callee(node.target)
    self.callee = callee
    var operands = [Operand](repeating: .constant(.missing), count: names?.count ?? 0)
    for input in node.inputs {
      let operand = try Self.operand(input.value, slots, device, label)
      guard let names else {
        operands.append(operand)
        continue
      }
      guard let place = names.firstIndex(of: input.name) else {
        throw Failure.badData(
          "\(label) has an argument '\(input.name.prefix(40))', which the operator does not take")
      }
      try ExportOperators.check(input.name, operand, of: label)
      operands[place] = operand
    }
    self.operands = operands
    let word = ExportOperators.word(of: node.target).map(String.init) ?? ""
    mayReshape = ExportOperators.reshaping.contains(word)
    var written: Int?
    if case .tensorOperator(let call) = callee {
      sharesMemory = call.sharesMemory || ExportOperators.passing.contains(word)
      if case .slot(let slot)? = operands.first, call.writes(toArgument: 0) { written = slot }
      guard !call.arguments.indices.dropFirst().contains(where: call.writes) else {
        throw Failure.badData(
          "\(label) writes its result into an argument", hint: ExportOperators.otherWay)
      }
    } else {
      sharesMemory = false
    }
    self.written = written
    targets = try node.outputs.map { output in
      switch output {
      case .tensor(let name), .number(.named(let name)), .scalar(let name):
        return .one(try slots.add(name))
      case .tensors(let names): return .list(try names.map { try slots.add($0 ?? "") })
      default: return .none
      }
    }
  }

  /// This step if it calls an operator, such as "aten::conv2d"; nil otherwise.
  func call(of name: String) -> ExportStep? {
    if case .tensorOperator(let call) = callee, call.name == name { self } else { nil }
  }

  /// This step with other values as its second and third argument, and with other results.
  func replacing(weight: Int, bias: Int, targets: [Target]) -> ExportStep {
    var copy = self
    copy.operands[1] = .slot(weight)
    copy.operands[2] = .slot(bias)
    copy.targets = targets
    return copy
  }

  private static func operand(
    _ argument: ExportArgument, _ slots: ExportSlots, _ device: Device, _ label: String
  ) throws -> Operand {
    func number(_ number: ExportArgument.Number) throws -> Number {
      switch number {
      case .known(let number): .known(number)
      case .named(let name): .slot(try slots.find(name))
      }
    }
    func code(_ code: Int, _ codes: [Int: Int], _ what: String) throws -> Operand {
      guard let known = codes[code] else {
        throw Failure.badData("\(label) has the unknown \(what) \(code)")
      }
      return .constant(.int(known))
    }
    switch argument {
    case .none: return .constant(.none)
    case .tensor(let name), .scalar(let name), .number(.named(let name)):
      return .slot(try slots.find(name))
    case .number(.known(let number)), .int(let number): return .constant(.int(number))
    case .tensors(let names): return .tensors(try names.map { try $0.map(slots.find) })
    case .numbers(let numbers): return .numbers(try numbers.map(number))
    case .ints(let numbers): return .constant(.ints(numbers))
    case .double(let number): return .constant(.double(number))
    case .doubles(let numbers): return .constant(.doubles(numbers))
    case .bool(let truth): return .constant(.bool(truth))
    case .bools(let truths): return .constant(.bools(truths))
    case .text(let text): return .constant(.text(text))
    case .type(let type): return try code(type, ExportTypes.operand, "type of numbers")
    case .memoryFormat(let order): return try code(order, ExportTypes.memoryFormat, "memory format")
    case .layout(let layout): return try code(layout, [ExportTypes.strided: 0], "layout")
    case .device: return .constant(.device(device))
    case .other(let kind):
      throw Failure.badData(
        "\(label) has an argument of the kind '\(kind.prefix(40))', which is not supported",
        hint: ExportOperators.otherWay)
    }
  }

  /// Computes the node, and puts its results into their slots.
  func run(_ values: inout [Operator.Value?]) throws {
    do {
      let arguments = try operands.map { try value(of: $0, in: values) }
      switch callee {
      case .arithmetic(let operation):
        guard case .one(let slot)? = targets.first, targets.count == 1 else {
          throw Failure.badData("it gives \(targets.count) results, expected a number")
        }
        values[slot] = try operation.result(arguments)
      case .tensorOperator(let call) where call.name == ExportOperators.attention:
        try put(try call(ExportOperators.withAddedMask(arguments)), into: &values)
      case .tensorOperator(let call):
        try ExportCosts.check(call.name, arguments)
        try put(try call(arguments), into: &values)
      }
    } catch let failure as Failure {
      guard !failure.message.hasPrefix("node ") else { throw failure }
      throw Failure.badData("\(label): \(failure.message)", hint: failure.hint)
    }
  }

  private func value(of operand: Operand, in values: [Operator.Value?]) throws -> Operator.Value {
    func filled(_ slot: Int) throws -> Operator.Value {
      guard let value = values[slot] else { throw Failure.badData("it uses a value too early") }
      return value
    }
    switch operand {
    case .constant(let value): return value
    case .slot(let slot): return try filled(slot)
    case .numbers(let numbers):
      return .ints(
        try numbers.map { number in
          switch number {
          case .known(let number): return number
          case .slot(let slot):
            guard case .int(let number) = try filled(slot) else {
              throw Failure.badData("it expects a whole number")
            }
            return number
          }
        })
    case .tensors(let slots):
      return .tensors(
        try slots.map { slot in
          guard let slot else { return nil }
          guard case .tensor(let tensor) = try filled(slot) else {
            throw Failure.badData("it expects a list of tensors")
          }
          return tensor
        })
    }
  }

  private func put(_ results: Operator.Results, into values: inout [Operator.Value?]) throws {
    guard results.count >= targets.count else {
      throw Failure.badData("it gives \(results.count) results, expected \(targets.count)")
    }
    for (place, target) in targets.enumerated() {
      switch target {
      case .none: break
      case .one(let slot): values[slot] = try results[place]
      case .list(let slots):
        guard case .tensors(let tensors) = try results[place], tensors.count == slots.count else {
          throw Failure.badData("it does not give the \(slots.count) tensors that its graph states")
        }
        for (slot, tensor) in zip(slots, tensors) { values[slot] = tensor.map { .tensor($0) } }
      }
    }
  }
}
