import ModelCore
import Support

/// One node of an ONNX graph with the values of its inputs.
///
/// It reads inputs and attributes, and refuses what does not fit before libtorch is called.
struct OnnxCall {
  let node: OnnxFile.Node
  /// The values of the inputs; nil where an optional input is left out.
  let inputs: [Tensor?]
  /// The version of the operators (the opset). Some operators changed their meaning with it.
  let operators: Int
  /// The number of images in the batch. Limits of size apply per image.
  let images: Int

  /// The results of the node, one for each output, or more.
  func results() throws -> [Tensor] {
    guard let operation = OnnxOperators.all[node.operation] else { throw wrong("is not supported") }
    do { return try operation(self) } catch let failure as Failure {
      guard !failure.message.hasPrefix("node ") else { throw failure }
      throw Failure.badData("\(node.label): \(failure.message)", hint: failure.hint)
    }
  }

  /// The results with the names of the outputs.
  func named() throws -> [(String, Tensor)] {
    zip(node.outputs, try results()).filter { !$0.0.isEmpty }
  }

  /// An error of this node: its label, followed by the reason.
  func wrong(_ reason: String) -> Failure {
    .badData("\(node.label) \(reason)", hint: OnnxProgram.otherWay)
  }

  // MARK: Inputs, counted from 0

  func has(_ place: Int) -> Bool { place < inputs.count && inputs[place] != nil }

  func input(_ place: Int) throws -> Tensor {
    guard place < inputs.count, let tensor = inputs[place] else {
      throw wrong("has no input \(place)")
    }
    return tensor
  }

  func optional(_ place: Int) -> Tensor? { place < inputs.count ? inputs[place] : nil }

  /// An input of float32 numbers.
  func numbers(_ place: Int) throws -> Tensor {
    let tensor = try input(place)
    guard tensor.type == .float32 else {
      throw wrong("expects float32 as input \(place), found \(tensor.type)")
    }
    return tensor
  }

  /// The first input, which must be images or feature maps `[N, C, H, W]`.
  func planes() throws -> Tensor {
    let tensor = try numbers(0)
    guard tensor.rank == 4, !tensor.shape.contains(0) else {
      throw wrong("is supported for images [N, C, H, W] only, found \(tensor.shape)")
    }
    return tensor
  }

  /// A list of at most 64 whole numbers, which is an input, or an attribute in older versions.
  func list(_ place: Int, or attribute: String) throws -> [Int]? {
    guard let tensor = optional(place) else { return try ints(attribute) }
    guard [.int64, .int32].contains(tensor.type), tensor.rank <= 1, tensor.count <= 64 else {
      throw wrong("expects a list of at most 64 whole numbers as input \(place)")
    }
    return tensor.int64s().map(Int.init)
  }

  /// A single number, which is an input, or an attribute in older versions.
  func number(_ place: Int, or attribute: String) throws -> Double? {
    guard let tensor = optional(place) else { return try float(attribute) }
    guard tensor.count == 1 else { throw wrong("expects a single number as input \(place)") }
    return tensor.scalar
  }

  // MARK: Attributes

  func int(_ name: String) throws -> Int? {
    switch node.attributes[name] {
    case nil: return nil
    case .int(let number): return number
    default: throw wrong("has the attribute '\(name)' with a value of the wrong type")
    }
  }

  func float(_ name: String) throws -> Double? {
    switch node.attributes[name] {
    case nil: return nil
    case .float(let number): return number
    default: throw wrong("has the attribute '\(name)' with a value of the wrong type")
    }
  }

  func text(_ name: String) throws -> String? {
    switch node.attributes[name] {
    case nil: return nil
    case .text(let text): return text
    default: throw wrong("has the attribute '\(name)' with a value of the wrong type")
    }
  }

  func ints(_ name: String) throws -> [Int]? {
    switch node.attributes[name] {
    case nil: return nil
    case .ints(let numbers): return numbers
    default: throw wrong("has the attribute '\(name)' with a value of the wrong type")
    }
  }

  /// A dimension of a tensor with `rank` dimensions. A negative axis counts from the end.
  func dimension(_ axis: Int, of rank: Int) throws -> Int {
    guard (-rank..<rank).contains(axis) else {
      throw wrong("has the axis \(axis), and its input has \(rank) dimensions")
    }
    return axis < 0 ? axis + rank : axis
  }

  // MARK: Bounds

  /// The largest number of values per image, 256 MB in float32. It is more than any classifier
  /// needs, and keeps a malicious file from filling the memory.
  static let mostNumbers = 1 << 26

  static func checkRoom(_ count: Int, images: Int, _ label: String) throws {
    guard count / max(images, 1) <= mostNumbers else {
      throw Failure.badData(
        "\(label) needs \(count / max(images, 1)) numbers per image, at most \(mostNumbers) are "
          + "allowed")
    }
  }

  /// Refuses a number of multiplications that no layer of a classifier needs.
  func checkWork(_ products: Double) throws {
    guard products / Double(max(images, 1)) <= Double(1 << 35) else {
      throw wrong("needs more computation per image than the layer of any classifier")
    }
  }

  /// Refuses a result of a shape that would be too large, before it is computed.
  func checkRoom(_ shape: [Int]) throws {
    var count = 1
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard size >= 0, !overflow else {
        throw wrong("gives a result of the impossible shape \(shape)")
      }
      count = product
    }
    try Self.checkRoom(count, images: images, node.label)
  }

  /// The common shape of two tensors after broadcasting dimensions of size one.
  func broadcast(_ a: [Int], _ b: [Int]) throws -> [Int] {
    let rank = max(a.count, b.count)
    func padded(_ shape: [Int]) -> [Int] { [Int](repeating: 1, count: rank - shape.count) + shape }
    let shape = try zip(padded(a), padded(b)).map { first, second in
      guard first == second || first == 1 || second == 1 else {
        throw wrong("cannot broadcast the shapes \(a) and \(b)")
      }
      return first == 1 ? second : first
    }
    try checkRoom(shape)
    return shape
  }

  // MARK: Calls of libtorch

  /// An operation on two tensors, once their shapes are known to fit and the result to be small
  /// enough.
  func binary(
    _ a: Tensor, _ b: Tensor, _ operation: (ThrowingOperations, Tensor) throws -> Tensor
  ) throws -> Tensor {
    _ = try broadcast(a.shape, b.shape)
    let both = together([a, b])
    return try operation(both[0].throwing, both[1])
  }

  func reshaped(_ tensor: Tensor, _ shape: [Int]) throws -> Tensor {
    let (count, isSound) = shape.reduce((1, true)) { sum, size in
      let (product, overflow) = sum.0.multipliedReportingOverflow(by: size)
      return (product, sum.1 && size >= 0 && !overflow)
    }
    guard isSound, count == tensor.count, shape.count <= 16 else {
      throw wrong("cannot reshape \(tensor.shape) to \(shape.prefix(16))")
    }
    return try tensor.throwing.reshaped(shape)
  }
}
