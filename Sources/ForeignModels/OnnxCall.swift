import ModelCore
import Support

/// One operator with what it is given: reads attributes and inputs, and refuses what does not fit
/// before the engine sees it.
struct OnnxCall {
  let node: OnnxFile.Node
  /// nil where an optional input is left out.
  let inputs: [Tensor?]
  /// The version of the operators, on which some meanings depend.
  let operators: Int
  /// How many images the program was given: what may be large is counted for each.
  let images: Int

  func result() throws -> Tensor {
    guard let operation = OnnxOperators.all[node.operation] else { throw wrong("is not read") }
    do { return try operation(self) } catch let failure as Failure {
      guard !failure.message.hasPrefix("node ") else { throw failure }
      throw Failure.badData("\(node.label): \(failure.message)", hint: failure.hint)
    }
  }

  func wrong(_ reason: String) -> Failure { .badData("\(node.label) \(reason)") }

  // MARK: Inputs

  func has(_ place: Int) -> Bool { place < inputs.count && inputs[place] != nil }

  func input(_ place: Int) throws -> Tensor {
    guard place < inputs.count, let tensor = inputs[place] else {
      throw wrong("lacks its input \(place)")
    }
    return tensor
  }

  func optional(_ place: Int) -> Tensor? { place < inputs.count ? inputs[place] : nil }

  /// An input of numbers with fractions.
  func numbers(_ place: Int) throws -> Tensor {
    let tensor = try input(place)
    guard tensor.type == .float32 else {
      throw wrong("needs float numbers, its input \(place) holds \(tensor.type)")
    }
    return tensor
  }

  /// Images, or what became of them: `[N, C, H, W]`.
  func planes() throws -> Tensor {
    let tensor = try numbers(0)
    guard tensor.rank == 4, !tensor.shape.contains(0) else {
      throw wrong("is read for images [N, C, H, W] only, its input is \(tensor.shape)")
    }
    return tensor
  }

  /// A short list of whole numbers: an input, or in older operators an attribute.
  func list(_ place: Int, or attribute: String) throws -> [Int]? {
    guard let tensor = optional(place) else { return try ints(attribute) }
    guard [.int64, .int32].contains(tensor.type), tensor.rank <= 1, tensor.count <= 64 else {
      throw wrong("needs a list of whole numbers as input \(place)")
    }
    return tensor.int64s().map(Int.init)
  }

  /// A single number, an input, or in older operators an attribute.
  func number(_ place: Int, or attribute: String) throws -> Double? {
    guard let tensor = optional(place) else { return try float(attribute) }
    guard tensor.count == 1 else { throw wrong("needs a single number as input \(place)") }
    return tensor.scalar
  }

  // MARK: Attributes

  func int(_ name: String) throws -> Int? {
    switch node.attributes[name] {
    case nil: return nil
    case .int(let number): return number
    default: throw wrong("has the attribute '\(name)' of the wrong kind")
    }
  }

  func float(_ name: String) throws -> Double? {
    switch node.attributes[name] {
    case nil: return nil
    case .float(let number): return number
    default: throw wrong("has the attribute '\(name)' of the wrong kind")
    }
  }

  func text(_ name: String) throws -> String? {
    switch node.attributes[name] {
    case nil: return nil
    case .text(let text): return text
    default: throw wrong("has the attribute '\(name)' of the wrong kind")
    }
  }

  func ints(_ name: String) throws -> [Int]? {
    switch node.attributes[name] {
    case nil: return nil
    case .ints(let numbers): return numbers
    default: throw wrong("has the attribute '\(name)' of the wrong kind")
    }
  }

  /// A dimension of a tensor of some rank; negative ones count from the end.
  func dimension(_ axis: Int, of rank: Int) throws -> Int {
    guard (-rank..<rank).contains(axis) else {
      throw wrong("has axis \(axis) for \(rank) dimensions")
    }
    return axis < 0 ? axis + rank : axis
  }

  // MARK: Bounds

  /// More numbers than any classifier keeps for one image, 256 MB, so that a lying file cannot take
  /// the machine's memory.
  static let mostNumbers = 1 << 26

  static func checkRoom(_ count: Int, images: Int, _ label: String) throws {
    guard count / max(images, 1) <= mostNumbers else {
      throw Failure.badData(
        "\(label) needs \(count / max(images, 1)) numbers for one image; at most \(mostNumbers) are kept"
      )
    }
  }

  /// Refuses a result that would be too large, before it is made.
  func checkRoom(_ shape: [Int]) throws {
    var count = 1
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard size >= 0, !overflow else { throw wrong("gives the impossible shape \(shape)") }
      count = product
    }
    try Self.checkRoom(count, images: images, node.label)
  }

  /// The shape of two tensors side by side, sizes of one spread.
  func broadcast(_ a: [Int], _ b: [Int]) throws -> [Int] {
    let rank = max(a.count, b.count)
    func padded(_ shape: [Int]) -> [Int] { [Int](repeating: 1, count: rank - shape.count) + shape }
    let shape = try zip(padded(a), padded(b)).map { first, second in
      guard first == second || first == 1 || second == 1 else {
        throw wrong("cannot join \(a) and \(b)")
      }
      return first == 1 ? second : first
    }
    try checkRoom(shape)
    return shape
  }

  // MARK: The engine

  /// An operation on two tensors, once their shapes are known to fit and the result to be small
  /// enough.
  func binary(
    _ a: Tensor, _ b: Tensor, _ operation: (ThrowingOperations, Tensor) throws -> Tensor
  ) throws -> Tensor {
    _ = try broadcast(a.shape, b.shape)
    return try operation(a.throwing, b)
  }

  func reshaped(_ tensor: Tensor, _ shape: [Int]) throws -> Tensor {
    let (count, isSound) = shape.reduce((1, true)) { sum, size in
      let (product, overflow) = sum.0.multipliedReportingOverflow(by: size)
      return (product, sum.1 && size >= 0 && !overflow)
    }
    guard isSound, count == tensor.count, shape.count <= 16 else {
      throw wrong("cannot give \(tensor.shape) the shape \(shape.prefix(16))")
    }
    return try tensor.throwing.reshaped(shape)
  }
}
