import ModelCore
import Support

/// Operators that give numbers a mean and a variance, or another scale.
extension OnnxOperators {
  static let normalizations: [String: Single] = [
    "BatchNormalization": { try $0.batchNormalization() },
    "LayerNormalization": { try $0.layerNormalization() },
    "RMSNormalization": { try $0.rootMeanSquareNormalization() },
    "InstanceNormalization": { try $0.instanceNormalization() },
    "GroupNormalization": { try $0.groupNormalization() },
    "LpNormalization": { try $0.lengthNormalization() },
    "LRN": { try $0.localResponseNormalization() },
    "Softmax": { try $0.softmax { try $0.softmax($1) } },
    "LogSoftmax": { try $0.softmax { try $0.logSoftmax($1) } },
    "Dropout": { try $0.dropout() },
  ]
}

extension OnnxCall {
  fileprivate func batchNormalization() throws -> Tensor {
    let x = try numbers(0)
    guard try int("training_mode") ?? 0 == 0 else {
      throw wrong("is in training mode: export the model after model.eval()")
    }
    let parameters = try (1...4).map { try numbers($0) }
    guard (2...4).contains(x.rank), parameters.allSatisfy({ $0.shape == [x.shape[1]] }) else {
      throw wrong("has parameters of shape \(parameters.map(\.shape)) for an input of \(x.shape)")
    }
    let epsilon = try float("epsilon") ?? 1e-5
    return try x.throwing.batchNormalized(
      weight: parameters[0], bias: parameters[1], mean: parameters[2], variance: parameters[3],
      epsilon: epsilon)
  }

  /// The sizes of the dimensions from `axis` on, over which a node normalises.
  private func lastSizes(_ x: Tensor) throws -> [Int] {
    let axis = try dimension(int("axis") ?? -1, of: x.rank)
    let sizes = Array(x.shape[axis...])
    guard !x.shape.contains(0) else { throw wrong("has an empty input \(x.shape)") }
    return sizes
  }

  /// (x − mean) / √(variance + ε) · weight + bias, over the last dimensions.
  fileprivate func layerNormalization() throws -> Tensor {
    let x = try numbers(0)
    let sizes = try lastSizes(x)
    let weight = try numbers(1)
    let bias = has(2) ? try numbers(2) : nil
    let epsilon = Operator.Value.double(try float("epsilon") ?? 1e-5)
    if weight.shape == sizes, bias?.shape ?? sizes == sizes {
      return try aten(
        "layer_norm",
        [
          .tensor(x), .ints(sizes), .tensor(weight), bias.map { .tensor($0) } ?? .none, epsilon,
        ])
    }
    let plain = try aten("layer_norm", [.tensor(x), .ints(sizes), .none, .none, epsilon])
    let scaled = try binary(plain, weight) { try $0.times($1) }
    return try bias.map { try binary(scaled, $0) { try $0.plus($1) } } ?? scaled
  }

  /// x / √(mean of x² + ε) · weight, over the last dimensions.
  fileprivate func rootMeanSquareNormalization() throws -> Tensor {
    let x = try numbers(0)
    let dimensions = Array(x.rank - (try lastSizes(x)).count..<x.rank)
    let squares = try binary(x, x) { try $0.times($1) }
    let mean = try squares.throwing.mean(dimensions, keep: true) + (float("epsilon") ?? 1e-5)
    let plain = try binary(x, aten("rsqrt", [.tensor(mean)])) { try $0.times($1) }
    return try binary(plain, numbers(1)) { try $0.times($1) }
  }

  private func grouped(_ x: Tensor, _ groups: Int, _ weight: Tensor?, _ bias: Tensor?) throws
    -> Tensor
  {
    guard x.rank >= 3, !x.shape.contains(0), groups > 0, x.shape[1].isMultiple(of: groups),
      [weight, bias].allSatisfy({ $0?.shape ?? [x.shape[1]] == [x.shape[1]] })
    else {
      throw wrong(
        "has \(groups) groups, and parameters of shape \([weight, bias].map { $0?.shape ?? [] }), "
          + "for an input of \(x.shape)")
    }
    return try aten(
      "group_norm",
      [
        .tensor(x), .int(groups), weight.map { .tensor($0) } ?? .none,
        bias.map { .tensor($0) } ?? .none, .double(float("epsilon") ?? 1e-5),
      ])
  }

  /// Group normalisation with as many groups as channels.
  fileprivate func instanceNormalization() throws -> Tensor {
    let x = try numbers(0)
    return try grouped(x, x.rank > 1 ? x.shape[1] : 0, numbers(1), numbers(2))
  }

  /// Before version 21, there was one weight and one bias for each group, and not for each channel.
  fileprivate func groupNormalization() throws -> Tensor {
    let (x, weight, bias) = (try numbers(0), try numbers(1), try numbers(2))
    let groups = try int("num_groups") ?? 0
    guard operators < 21 else { return try grouped(x, groups, weight, bias) }
    guard x.rank >= 3, groups > 0, x.shape[1].isMultiple(of: groups), weight.shape == [groups],
      bias.shape == [groups]
    else { throw wrong("has \(groups) groups for an input of \(x.shape)") }
    func spread(_ parameter: Tensor) throws -> Tensor {
      let copies = x.shape[1] / groups
      return try aten("repeat_interleave.self_int", [.tensor(parameter), .int(copies)])
    }
    return try grouped(x, groups, spread(weight), spread(bias))
  }

  /// x divided by its length along one dimension: the sum of the absolute numbers, or the root of
  /// the sum of their squares.
  fileprivate func lengthNormalization() throws -> Tensor {
    let x = try numbers(0)
    let axis = try dimension(int("axis") ?? -1, of: x.rank)
    let order = try int("p") ?? 2
    guard order == 1 || order == 2 else { throw wrong("has the order \(order), expected 1 or 2") }
    let lengths = try aten(
      "linalg_vector_norm", [.tensor(x), .double(Double(order)), .ints([axis]), .bool(true)])
    // Where all numbers are 0, the result is 0, too.
    let smallest = Double(Float.leastNormalMagnitude)
    return try binary(x, lengths.throwing.clamped(from: smallest, to: .infinity)) {
      try $0.divided(by: $1)
    }
  }

  /// x / (k + α·mean of x² over neighbouring channels)^β, from A. Krizhevsky et al., "ImageNet
  /// Classification with Deep Convolutional Neural Networks" (2012). Channels past the ends count
  /// as zeros.
  fileprivate func localResponseNormalization() throws -> Tensor {
    let x = try planes()
    guard let size = try int("size"), (1...1024).contains(size) else {
      throw wrong("has a number of channels that is not from 1 to 1024")
    }
    let (before, after) = ((size - 1) / 2, size - 1 - (size - 1) / 2)
    let squares = try binary(x, x) { try $0.times($1) }
    try checkRoom([x.shape[0], x.shape[1] + size - 1, x.shape[2], x.shape[3]])
    let padded = try aten(
      "constant_pad_nd", [.tensor(squares), .ints([0, 0, 0, 0, before, after])])
    let means = try aten(
      "avg_pool3d",
      [
        .tensor(reshaped(padded, [x.shape[0], 1] + padded.shape[1...])), .ints([size, 1, 1]),
        .ints([1, 1, 1]),
      ])
    let scale = try reshaped(means, x.shape) * (float("alpha") ?? 1e-4) + (float("bias") ?? 1)
    let power = try aten(
      "pow.Tensor_Scalar", [.tensor(scale), .double(-(float("beta") ?? 0.75))])
    return try binary(x, power) { try $0.times($1) }
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

  fileprivate func dropout() throws -> Tensor {
    guard optional(2).map({ $0.count == 1 && $0.scalar == 0 }) ?? true else {
      throw wrong("is in training mode: export the model after model.eval()")
    }
    return try input(0)
  }
}
