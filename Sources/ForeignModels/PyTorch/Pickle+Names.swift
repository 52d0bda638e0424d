import ModelCore
import Support

/// The names in a pickle that have a meaning to the reader, and what a call of each of them means.
extension Pickle {
  private static let types: [String: StoredType] = [
    "FloatStorage": .element(.float32), "DoubleStorage": .element(.float64),
    "LongStorage": .element(.int64), "IntStorage": .element(.int32),
    "ByteStorage": .element(.uint8), "BoolStorage": .element(.bool),
    "HalfStorage": .float16, "BFloat16Storage": .bfloat16,
  ]

  /// The meaning of a name. A name that is not on the list stands for an object.
  static func value(named module: String, _ word: String) -> Value {
    switch (module, word) {
    case ("collections", "OrderedDict"), ("collections", "defaultdict"): return .name(.dictionary)
    case ("torch._utils", "_rebuild_tensor_v2"), ("torch._utils", "_rebuild_tensor"):
      return .name(.tensor)
    case ("torch._utils", "_rebuild_parameter"),
      ("torch._utils", "_rebuild_parameter_with_state"):
      return .name(.parameter)
    case ("torch", "Size"): return .name(.size)
    case ("torch", _):
      if let type = types[word] { return .name(.storage(type)) }
    default: break
    }
    return .object(String("\(module).\(word)".prefix(80)))
  }

  /// A call of a name with a tuple of arguments. What a call of anything else would give is an
  /// object of the same name.
  mutating func call() throws {
    let parts = try stack.pop(2)
    guard case .container(let place) = parts[1], containers[place].kind == .tuple else {
      if case .object(let name) = parts[0] { return stack.push(.object(name)) }
      throw Self.damaged("a call has no arguments")
    }
    let items = containers[place].items
    switch (parts[0], items.first) {
    case (.object(let name), _): stack.push(.object(name))
    case (.name(.dictionary), _): stack.push(.dictionary, [])
    case (.name(.size), .container?): stack.push(items[0])
    case (.name(.parameter), .tensor?), (.name(.parameter), .object?): stack.push(items[0])
    // The numbers of the tensor are of a type that is not on the list.
    case (.name(.tensor), .object(let type)?): stack.push(.object(type))
    case (.name(.tensor), .storage(let storage)?):
      guard items.count >= 4, case .int(let offset) = items[1], let shape = numbers(items[2]),
        let strides = numbers(items[3])
      else { throw Self.damaged("a tensor has no shape") }
      tensors.append(
        try StoredTensor(in: storages[storage], offset: offset, shape: shape, strides: strides))
      stack.push(.tensor(tensors.count - 1))
    default: throw Self.damaged("a call has arguments that do not fit")
    }
  }

  /// Skips the attributes of an object, or of an ordered dictionary, in which PyTorch stores the
  /// versions of its modules.
  mutating func setAttributes() throws {
    _ = try stack.pop()
    switch try stack.top() {
    case .object, .tensor: return
    case .container(let place) where containers[place].kind == .dictionary: return
    default: throw Self.damaged("attributes have no object")
    }
  }

  /// The most numbers that a storage may claim. The claim is compared with the file only later, so
  /// the limit keeps a size in bytes from overflowing before that.
  private static let mostNumbers = 1 << 40

  /// A reference to a storage: ('storage', type, key, device, count), and in the format before
  /// PyTorch 1.6 a sixth item, which is None. That format also refers to the source code of a
  /// class, ('module', class, file, code), of which only the name of the class is kept.
  mutating func refer() throws {
    guard case .container(let place) = try stack.pop(), containers[place].kind == .tuple
    else { throw Self.damaged("a reference to a storage is invalid") }
    let items = containers[place].items
    if items.count == 4, items[0] == .text("module"), case .object(let name) = items[1] {
      return stack.push(.object(name))
    }
    guard items.first == .text("storage"), items.count == 5 || items.count == 6 && items[5] == .none
    else { throw Self.damaged("a reference to a storage is invalid") }
    // A type of numbers that is not on the list, such as torch.ShortStorage.
    if case .object(let type) = items[1] { return stack.push(.object(type)) }
    guard
      case (.name(.storage(let type)), .text(let key), .int(let count)) = (
        items[1], items[2], items[4]
      ), (0...Self.mostNumbers).contains(count)
    else { throw Self.damaged("a reference to a storage is invalid") }
    storages.append(Storage(type: type, key: key, count: count))
    stack.push(.storage(storages.count - 1))
  }

  private func numbers(_ value: Value) -> [Int]? {
    guard case .container(let place) = value, containers[place].kind == .tuple else { return nil }
    let numbers = containers[place].items.compactMap {
      if case .int(let number) = $0 { number } else { nil }
    }
    return numbers.count == containers[place].items.count ? numbers : nil
  }
}
