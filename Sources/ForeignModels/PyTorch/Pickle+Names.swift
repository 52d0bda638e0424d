import ModelCore
import Support

/// The names that a pickle may contain, and what a call of each of them means.
extension Pickle {
  private static let types: [String: Tensor.ElementType] = [
    "FloatStorage": .float32, "DoubleStorage": .float64, "LongStorage": .int64,
    "IntStorage": .int32, "ByteStorage": .uint8, "BoolStorage": .bool,
  ]

  /// - Throws: `Failure.badData` for every name that is not on the list.
  static func name(in module: String, _ word: String) throws -> Name {
    switch (module, word) {
    case ("collections", "OrderedDict"): return .orderedDictionary
    case ("torch._utils", "_rebuild_tensor_v2"): return .tensor
    case ("torch._utils", "_rebuild_parameter"): return .parameter
    case ("torch", "Size"): return .size
    case ("torch", _):
      if let type = types[word] { return .storage(type) }
      if word.hasSuffix("Storage") {
        throw Failure.badData(
          "it stores numbers as torch.\(word), which is not supported",
          hint: "save the weights of model.float()")
      }
    default: break
    }
    let shown = "\(module).\(word)".prefix(80)
    // Only a class has a capital letter, so that the file contains an object, such as a model.
    let isObject = word.first?.isUppercase == true
    throw Failure.badData(
      "it names \(shown), which would have to be run; only tensors in plain containers are read",
      hint: (isObject ? "it may contain a whole model: " : "")
        + "save only the weights with torch.save(model.state_dict(), 'weights.pth')"
        + (isObject ? ", or save the model as TorchScript" : ""))
  }

  /// A call of a name with a tuple of arguments.
  mutating func call() throws {
    let parts = try stack.pop(2)
    guard case (.name(let name), .container(let place)) = (parts[0], parts[1]),
      containers[place].kind == .tuple
    else { throw Self.damaged("a call has no function or no arguments") }
    let items = containers[place].items
    switch (name, items.first) {
    case (.orderedDictionary, nil): stack.push(.dictionary, [])
    case (.size, .container?): stack.push(items[0])
    case (.parameter, .tensor?): stack.push(items[0])
    case (.tensor, .storage(let storage)?):
      guard items.count >= 4, case .int(let offset) = items[1], let shape = numbers(items[2]),
        let strides = numbers(items[3])
      else { throw Self.damaged("a tensor has no shape") }
      tensors.append(
        try tensor(in: storages[storage], offset: offset, shape: shape, strides: strides))
      stack.push(.tensor(tensors.count - 1))
    default: throw Self.damaged("a call has arguments that do not fit")
    }
  }

  /// Skips the attributes of an ordered dictionary, in which PyTorch stores the versions of its
  /// modules.
  mutating func setAttributes() throws {
    _ = try stack.pop()
    guard case .container(let place) = try stack.top(), containers[place].kind == .dictionary else {
      throw Self.damaged("attributes have no object")
    }
  }

  /// The most numbers that a storage may claim. The claim is compared with the file only later, so
  /// the limit keeps a size in bytes from overflowing before that.
  private static let mostNumbers = 1 << 40

  /// A reference to a storage: ('storage', type, key, device, count).
  mutating func refer() throws {
    guard case .container(let place) = try stack.pop(), containers[place].kind == .tuple,
      containers[place].items.count == 5,
      case (.text("storage"), .name(.storage(let type)), .text(let key)) = (
        containers[place].items[0], containers[place].items[1], containers[place].items[2]
      ), case .int(let count) = containers[place].items[4], (0...Self.mostNumbers).contains(count)
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

  /// Checks that a tensor lies within its storage and has no more numbers than it.
  ///
  /// The last element of a tensor has the offset plus (size − 1) · stride of each dimension.
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
      throw Self.damaged(
        "a tensor of shape \(shape.prefix(16)) does not fit into \(storage.count) numbers")
    }
    return StoredTensor(storage: storage, offset: offset, shape: shape, strides: strides)
  }
}
