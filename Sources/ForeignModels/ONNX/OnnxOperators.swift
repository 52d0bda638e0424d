import ModelCore
import Support

/// All ONNX operators that are supported. docs/models.md lists them too. Their definitions are at
/// https://onnx.ai/onnx/operators
enum OnnxOperators {
  typealias Operator = @Sendable (OnnxCall) throws -> Tensor

  static let all: [String: Operator] = [
    // Layers with weights
    "Conv": { try $0.convolution() },
    "Gemm": { try $0.generalProduct() },
    "MatMul": { try $0.product($0.numbers(0), $0.numbers(1)) },
    "BatchNormalization": { try $0.batchNormalization() },
    // Pooling
    "MaxPool": { try $0.maxPooling() },
    "AveragePool": { try $0.averagePooling() },
    "GlobalAveragePool": { try $0.planes().throwing.globallyPooled() },
    "ReduceMean": { try $0.mean() },
    // Each number by itself
    "Relu": { try $0.numbers(0).throwing.relu() },
    "Sigmoid": { try $0.numbers(0).throwing.sigmoid() },
    "Tanh": { try $0.numbers(0).throwing.tanh() },
    "Softplus": { try $0.numbers(0).throwing.softplus() },
    "Sqrt": { try $0.numbers(0).throwing.squareRoot() },
    "Exp": { try $0.numbers(0).throwing.exponential() },
    "Neg": { try $0.numbers(0).throwing.negated() },
    "LeakyRelu": { try $0.leakyRelu() },
    "Clip": { try $0.clip() },
    "Identity": { try $0.input(0) },
    "Dropout": { try $0.dropout() },
    "Cast": { try $0.cast() },
    // Two tensors
    "Add": { try $0.binary($0.input(0), $0.input(1)) { try $0.plus($1) } },
    "Sub": { try $0.binary($0.input(0), $0.input(1)) { try $0.minus($1) } },
    "Mul": { try $0.binary($0.input(0), $0.input(1)) { try $0.times($1) } },
    "Div": { try $0.binary($0.numbers(0), $0.numbers(1)) { try $0.divided(by: $1) } },
    // Along one dimension
    "Softmax": { try $0.softmax { try $0.softmax($1) } },
    "LogSoftmax": { try $0.softmax { try $0.logSoftmax($1) } },
    // Shapes and constants
    "Flatten": { try $0.flatten() },
    "Reshape": { try $0.reshape() },
    "Transpose": { try $0.transpose() },
    "Squeeze": { try $0.squeeze() },
    "Unsqueeze": { try $0.unsqueeze() },
    "Concat": { try $0.concatenation() },
    "Slice": { try $0.slice() },
    "Gather": { try $0.gather() },
    "Pad": { try $0.padding() },
    "Shape": { try $0.shapeOfInput() },
    "Constant": { try $0.constant() },
  ]
}

extension OnnxCall {
  /// α·A′·B′ + β·C, with A′ and B′ the matrices A and B or their transposes.
  fileprivate func generalProduct() throws -> Tensor {
    func side(_ place: Int, _ attribute: String) throws -> Tensor {
      let matrix = try numbers(place)
      guard matrix.rank == 2 else {
        throw wrong("expects a matrix as input \(place), found shape \(matrix.shape)")
      }
      return try int(attribute) ?? 0 != 0 ? matrix.transposed : matrix
    }
    let (alpha, beta) = (try float("alpha") ?? 1, try float("beta") ?? 1)
    let (a, b) = (try side(0, "transA"), try side(1, "transB"))
    guard a.shape[1] == b.shape[0] else { throw wrong("cannot multiply \(a.shape) and \(b.shape)") }
    let bias = has(2) ? try numbers(2) : nil
    if alpha == 1, beta == 1, bias?.shape ?? [b.shape[1]] == [b.shape[1]] {
      try checkRoom([a.shape[0], b.shape[1]])
      return try a.throwing.linear(b.transposed, bias: bias)
    }
    let scaled = try product(a, b) * alpha
    return try bias.map { try binary(scaled, $0 * beta) { try $0.plus($1) } } ?? scaled
  }

  fileprivate func product(_ a: Tensor, _ b: Tensor) throws -> Tensor {
    guard (1...8).contains(a.rank), (1...8).contains(b.rank) else {
      throw wrong("cannot multiply \(a.shape) and \(b.shape)")
    }
    let batch = try broadcast([Int](a.shape.dropLast(2)), [Int](b.shape.dropLast(2)))
    try checkRoom(batch + [a.rank > 1 ? a.shape[a.rank - 2] : 1, b.shape[b.rank - 1]])
    return try a.throwing.matmul(b)
  }

  fileprivate func batchNormalization() throws -> Tensor {
    let x = try numbers(0)
    guard try int("training_mode") ?? 0 == 0 else {
      throw wrong("is in training mode: export the model after model.eval()")
    }
    let parameters = try (1...4).map { try numbers($0) }
    guard x.rank == 2 || x.rank == 4, parameters.allSatisfy({ $0.shape == [x.shape[1]] }) else {
      throw wrong("has parameters of shape \(parameters.map(\.shape)) for an input of \(x.shape)")
    }
    let epsilon = try float("epsilon") ?? 1e-5
    return try x.throwing.batchNormalized(
      weight: parameters[0], bias: parameters[1], mean: parameters[2], variance: parameters[3],
      epsilon: epsilon)
  }

  fileprivate func leakyRelu() throws -> Tensor {
    let slope = try float("alpha") ?? 0.01
    return try numbers(0).throwing.leakyRelu(slope: slope)
  }

  fileprivate func clip() throws -> Tensor {
    let x = try numbers(0)
    let low = try number(1, or: "min") ?? -.infinity
    let high = try number(2, or: "max") ?? .infinity
    return try x.throwing.clamped(from: low, to: high)
  }

  fileprivate func dropout() throws -> Tensor {
    guard optional(2).map({ $0.count == 1 && $0.scalar == 0 }) ?? true else {
      throw wrong("is in training mode: export the model after model.eval()")
    }
    return try input(0)
  }

  fileprivate func cast() throws -> Tensor {
    let types: [Int: Tensor.ElementType] = [1: .float32, 6: .int32, 7: .int64, 9: .bool]
    guard let code = try int("to"), let type = types[code] else {
      throw wrong("casts to the ONNX element type \(try int("to") ?? 0), which is not supported")
    }
    return try input(0).throwing.to(type)
  }

  /// Softmax or its logarithm along an axis. Before version 13, all dimensions from the axis on
  /// were treated as one.
  fileprivate func softmax(_ operation: (ThrowingOperations, Int) throws -> Tensor) throws -> Tensor
  {
    let x = try numbers(0)
    let axis = try dimension(int("axis") ?? (operators < 13 ? 1 : -1), of: x.rank)
    guard operators < 13, axis != x.rank - 1 else {
      return try operation(x.throwing, axis)
    }
    let rows = try reshaped(x, [x.shape[..<axis].reduce(1, *), x.shape[axis...].reduce(1, *)])
    return try reshaped(operation(rows.throwing, 1), x.shape)
  }

  fileprivate func mean() throws -> Tensor {
    let x = try numbers(0)
    let axes = try (list(1, or: "axes") ?? Array(0..<x.rank)).map { try dimension($0, of: x.rank) }
    guard !axes.isEmpty, Set(axes).count == axes.count else {
      throw wrong("has the axes \(axes) for an input of \(x.shape)")
    }
    let keep = try int("keepdims") ?? 1 != 0
    return try x.throwing.mean(axes, keep: keep)
  }

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
}
