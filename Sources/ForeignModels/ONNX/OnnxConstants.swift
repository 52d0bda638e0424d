import ModelCore
import Support

/// Operators that make new numbers, which often describe shapes.
extension OnnxOperators {
  static let constants: [String: Single] = [
    "Constant": { try $0.constant() },
    "ConstantOfShape": { try $0.constantOfShape() },
    "Range": { try $0.range() },
    "Shape": { try $0.shapeOfInput() },
    "Size": { Tensor([Int64(try $0.input(0).count)], shape: []) },
  ]
}

extension OnnxCall {
  fileprivate func constant() throws -> Tensor {
    guard let (name, attribute) = node.attributes.first, node.attributes.count == 1 else {
      throw wrong("has \(node.attributes.count) values, expected one")
    }
    switch attribute {
    case .tensor(let tensor): return tensor
    case .float(let number): return Tensor([Float(number)], shape: [])
    case .floats(let numbers): return Tensor(numbers.map(Float.init), shape: [numbers.count])
    case .int(let number): return Tensor([Int64(number)], shape: [])
    case .ints(let numbers): return Tensor(numbers.map(Int64.init), shape: [numbers.count])
    default: throw wrong("has a value of the kind '\(name.prefix(40))', which is not supported")
    }
  }

  /// One value in all places of a shape; 0 if the node states none.
  fileprivate func constantOfShape() throws -> Tensor {
    guard let shape = try list(0, or: ""), shape.count <= 16 else { throw wrong("has no shape") }
    try checkRoom(shape)
    guard let attribute = node.attributes["value"] else { return Tensor.zeros(shape) }
    guard case .tensor(let value) = attribute, value.count == 1 else {
      throw wrong("has a value that is not a single number")
    }
    return try aten("expand", [.tensor(reshaped(value, [])), .ints(shape)]).contiguous
  }

  /// start, start + step, … as long as `end` is not reached.
  fileprivate func range() throws -> Tensor {
    let ends = try (0...2).map { try input($0) }
    guard ends.allSatisfy({ $0.count == 1 && $0.type == ends[0].type }),
      [.int64, .int32, .float32].contains(ends[0].type)
    else { throw wrong("expects three single numbers of one type") }
    let (start, end, step) = (ends[0].scalar, ends[1].scalar, ends[2].scalar)
    let count = ((end - start) / step).rounded(.up)
    guard count < Double(Self.mostNumbers), [start, step].allSatisfy({ abs($0) < 0x1p53 }) else {
      throw wrong("counts from \(start) to \(end) in steps of \(step)")
    }
    let places = Tensor.range(Int(max(count, 0)))
    let type = ends[0].type
    guard type == .float32 else { return (places * step + start).to(type) }
    return places.to(.float32) * step + start
  }

  /// The sizes of the input, from dimension `start` up to `end`.
  fileprivate func shapeOfInput() throws -> Tensor {
    let shape = try input(0).shape
    func place(_ name: String, _ fallback: Int) throws -> Int {
      let given = try int(name) ?? fallback
      return min(max(given < 0 ? max(given, -shape.count) + shape.count : given, 0), shape.count)
    }
    let (start, end) = (try place("start", 0), try place("end", shape.count))
    let sizes = start < end ? Array(shape[start..<end]) : []
    return Tensor(sizes.map(Int64.init), shape: [sizes.count])
  }
}
