import Foundation
import ModelCore
import Support

/// Reads a pickle that holds tensors, numbers and texts in lists, tuples and dictionaries, and
/// refuses every other.
///
/// A pickle is a program for a machine with a stack; what makes it dangerous is that it may call
/// anything by name. Here the names are a closed list, each with a meaning of its own below, and
/// none of them runs anything: a file that names another is refused at that word. All containers
/// lie in one array, so that nesting, cycles and sharing cost no stack and are freed at once.
/// Protocols 2 to 5; format: CPython's Lib/pickletools.py.
struct Pickle {
  private(set) var containers: [Container] = []
  private(set) var tensors: [StoredTensor] = []
  private(set) var root = Value.none
  private var storages: [Storage] = []
  private var stack: [Value] = []
  private var memo: [Int: Value] = [:]
  private var input: ByteReader

  /// More than any model needs, and little enough to be read into memory.
  static let mostBytes = 4 << 20

  /// - Throws: `Failure.badData` if the pickle is damaged, or wants more than tensors in plain
  ///   containers.
  init(_ data: Data) throws {
    guard data.count <= Self.mostBytes else {
      throw Failure.badData(
        "its pickle has \(data.count) bytes; at most \(Self.mostBytes) are read")
    }
    input = ByteReader(data, what: "its pickle")
    while try step() {}
    // Names of what was built on the way are of no use any more.
    (stack, memo) = ([], [:])
  }

  // MARK: The machine

  /// One instruction; false after the last.
  private mutating func step() throws -> Bool {
    let code = try input.byte()
    switch code {
    case 0x80: _ = try input.byte()  // protocol
    case 0x95: _ = try input.bytes(8)  // frame
    case UInt8(ascii: "."):
      root = try pop()
      return false
    case UInt8(ascii: "("): stack.append(.mark)
    case UInt8(ascii: "N"): stack.append(.none)
    case 0x88: stack.append(.truth(true))
    case 0x89: stack.append(.truth(false))
    case UInt8(ascii: "J"): stack.append(.int(Int(Int32(truncatingIfNeeded: try input.number(4)))))
    case UInt8(ascii: "K"): stack.append(.int(try input.number(1)))
    case UInt8(ascii: "M"): stack.append(.int(try input.number(2)))
    case 0x8a: stack.append(.int(try long()))
    case UInt8(ascii: "G"): stack.append(.double(try input.bigEndianDouble()))
    case UInt8(ascii: "X"): stack.append(.text(try input.text(try input.number(4))))
    case 0x8c: stack.append(.text(try input.text(try input.number(1))))
    case UInt8(ascii: "}"): push(.dictionary, [])
    case UInt8(ascii: "]"): push(.list, [])
    case UInt8(ascii: ")"): push(.tuple, [])
    case UInt8(ascii: "t"): push(.tuple, try popToMark())
    case 0x85, 0x86, 0x87: push(.tuple, try pop(Int(code) - 0x84))
    case UInt8(ascii: "a"): try add([try pop()], to: .list)
    case UInt8(ascii: "e"): try add(try popToMark(), to: .list)
    case UInt8(ascii: "s"): try add(try pop(2), to: .dictionary)
    case UInt8(ascii: "u"): try add(try popToMark(), to: .dictionary)
    case UInt8(ascii: "q"): memo[try input.number(1)] = try top()
    case UInt8(ascii: "r"): memo[try input.number(4)] = try top()
    case 0x94: memo[memo.count] = try top()
    case UInt8(ascii: "h"): stack.append(try recalled(try input.number(1)))
    case UInt8(ascii: "j"): stack.append(try recalled(try input.number(4)))
    case UInt8(ascii: "c"): stack.append(.name(try name(in: try input.line(), try input.line())))
    case 0x93:
      guard case (.text(let module), .text(let word)) = (try top(1), try top()) else {
        throw damaged("a name of no text")
      }
      _ = try pop(2)
      stack.append(.name(try name(in: module, word)))
    case UInt8(ascii: "R"): try build()
    case UInt8(ascii: "b"): try attributes()
    case UInt8(ascii: "Q"): try refer()
    case UInt8(ascii: "0"): _ = try pop()
    default:
      throw damaged("the instruction \(code)")
    }
    return true
  }

  private mutating func push(_ kind: Container.Kind, _ items: [Value]) {
    containers.append(Container(kind: kind, items: items))
    stack.append(.container(containers.count - 1))
  }

  private mutating func pop() throws -> Value {
    guard let last = stack.popLast(), last != .mark else { throw damaged("an empty stack") }
    return last
  }

  private mutating func pop(_ count: Int) throws -> [Value] {
    guard stack.count >= count else { throw damaged("an empty stack") }
    defer { stack.removeLast(count) }
    return Array(stack.suffix(count))
  }

  private mutating func popToMark() throws -> [Value] {
    guard let mark = stack.lastIndex(of: .mark) else { throw damaged("a list without a beginning") }
    defer { stack.removeLast(stack.count - mark) }
    return Array(stack[(mark + 1)...])
  }

  private func top(_ below: Int = 0) throws -> Value {
    guard stack.count > below else { throw damaged("an empty stack") }
    return stack[stack.count - 1 - below]
  }

  private func recalled(_ place: Int) throws -> Value {
    guard let value = memo[place] else { throw damaged("a reference to nothing") }
    return value
  }

  private mutating func add(_ items: [Value], to kind: Container.Kind) throws {
    guard case .container(let place) = try top(), containers[place].kind == kind,
      kind == .list || items.count.isMultiple(of: 2)
    else { throw damaged("items for no container") }
    containers[place].items += items
  }

  private mutating func long() throws -> Int {
    let count = try input.number(1)
    guard count <= 8 else { throw damaged("a number of \(count) bytes") }
    guard count > 0 else { return 0 }
    let number = try input.number(count)
    let unused = 64 - 8 * count
    return (number << unused) >> unused
  }

  // MARK: Names, and what they stand for

  private func name(in module: String, _ word: String) throws -> Name {
    switch (module, word) {
    case ("collections", "OrderedDict"): return .orderedDictionary
    case ("torch._utils", "_rebuild_tensor_v2"): return .tensor
    case ("torch._utils", "_rebuild_parameter"): return .parameter
    case ("torch", "Size"): return .size
    case ("torch", _):
      if let type = Self.types[word] { return .storage(type) }
      if word.hasSuffix("Storage") {
        throw Failure.badData(
          "it holds numbers as torch.\(word), which are not read",
          hint: "save the weights of model.float()")
      }
    default: break
    }
    let shown = "\(module).\(word)".prefix(80)
    let isObject = word.first?.isUppercase == true
    throw Failure.badData(
      "it names \(shown), which would have to be run; only tensors in plain containers are read",
      hint: isObject
        ? "it is a whole model, or carries an object: save torch.save(model.state_dict(), 'weights.pth'), or TorchScript"
        : "save only the weights: torch.save(model.state_dict(), 'weights.pth')")
  }

  private static let types: [String: Tensor.ElementType] = [
    "FloatStorage": .float32, "DoubleStorage": .float64, "LongStorage": .int64,
    "IntStorage": .int32,
    "ByteStorage": .uint8, "BoolStorage": .bool,
  ]

  /// A call of one of the names with a tuple.
  private mutating func build() throws {
    let parts = try pop(2)
    guard case (.name(let name), .container(let place)) = (parts[0], parts[1]),
      containers[place].kind == .tuple
    else { throw damaged("a call of nothing") }
    let items = containers[place].items
    switch (name, items.first) {
    case (.orderedDictionary, nil): push(.dictionary, [])
    case (.size, .container?): stack.append(items[0])
    case (.parameter, .tensor?): stack.append(items[0])
    case (.tensor, .storage(let storage)?):
      guard items.count >= 4, case .int(let offset) = items[1], let shape = numbers(items[2]),
        let strides = numbers(items[3])
      else { throw damaged("a tensor without a shape") }
      tensors.append(
        try tensor(in: storages[storage], offset: offset, shape: shape, strides: strides))
      stack.append(.tensor(tensors.count - 1))
    default: throw damaged("a call with arguments that do not fit")
    }
  }

  /// Attributes of an ordered dictionary, where PyTorch keeps versions of its modules, are not
  /// needed.
  private mutating func attributes() throws {
    _ = try pop()
    guard case .container(let place) = try top(), containers[place].kind == .dictionary else {
      throw damaged("attributes of nothing")
    }
  }

  /// The most numbers that a storage may claim before it is compared with the file: sizes in bytes
  /// then cannot overflow.
  private static let mostNumbers = 1 << 40

  /// ('storage', type, key, device, count)
  private mutating func refer() throws {
    guard case .container(let place) = try pop(), containers[place].kind == .tuple,
      containers[place].items.count == 5,
      case (.text("storage"), .name(.storage(let type)), .text(let key)) = (
        containers[place].items[0], containers[place].items[1], containers[place].items[2]
      ), case .int(let count) = containers[place].items[4], (0...Self.mostNumbers).contains(count)
    else { throw damaged("a reference to no storage") }
    storages.append(Storage(type: type, key: key, count: count))
    stack.append(.storage(storages.count - 1))
  }

  private func numbers(_ value: Value) -> [Int]? {
    guard case .container(let place) = value, containers[place].kind == .tuple else { return nil }
    let numbers = containers[place].items.compactMap {
      if case .int(let number) = $0 { number } else { nil }
    }
    return numbers.count == containers[place].items.count ? numbers : nil
  }

  /// A tensor all of whose numbers lie in its storage, and that has no more of them than the
  /// storage.
  private func tensor(in storage: Storage, offset: Int, shape: [Int], strides: [Int]) throws
    -> StoredTensor
  {
    var (last, count) = (offset, 1)
    var isSound = offset >= 0 && shape.count == strides.count && shape.count <= 16
    for (size, stride) in zip(shape, strides) where isSound {
      guard size >= 0, stride >= 0 else {
        isSound = false
        break
      }
      let (steps, tooFar) = max(size - 1, 0).multipliedReportingOverflow(by: stride)
      let (end, tooLong) = last.addingReportingOverflow(steps)
      let (product, tooMany) = count.multipliedReportingOverflow(by: size)
      isSound = !tooFar && !tooLong && !tooMany
      (last, count) = (end, product)
    }
    guard isSound, count == 0 || last < storage.count, count <= storage.count else {
      throw damaged("a tensor of shape \(shape.prefix(16)) in \(storage.count) numbers")
    }
    return StoredTensor(storage: storage, offset: offset, shape: shape, strides: strides)
  }

  private func damaged(_ what: String) -> Failure {
    .badData(
      "its pickle is damaged, or of another kind than PyTorch writes: \(what)",
      hint: "save the weights again")
  }
}
