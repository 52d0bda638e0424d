import ModelCore
import Support

/// Operators that make one number of all numbers along some dimensions.
extension OnnxOperators {
  static let reductions: [String: Single] = [
    "ReduceMean": { try $0.reduced { try $0.mean($1, $2, $3) } },
    "ReduceSum": { try $0.reduced { try $0.sum($1, $2, $3) } },
    "ReduceMax": { try $0.reduced { try $0.aten("amax", [.tensor($1), .ints($2), .bool($3)]) } },
    "ReduceMin": { try $0.reduced { try $0.aten("amin", [.tensor($1), .ints($2), .bool($3)]) } },
    "ReduceProd": { try $0.reduced { try $0.multiplied($1, $2, $3) } },
    "ReduceL1": { try $0.reduced { try $0.sum($0.aten("abs", [.tensor($1)]), $2, $3) } },
    "ReduceL2": {
      try $0.reduced {
        try $0.aten("linalg_vector_norm", [.tensor($1), .double(2), .ints($2), .bool($3)])
      }
    },
    "ReduceSumSquare": { try $0.reduced { try $0.sum($0.pair("mul.Tensor", $1, $1), $2, $3) } },
    "ReduceLogSum": {
      try $0.reduced { try $0.aten("log", [.tensor($0.sum($1, $2, $3))]) }
    },
    "ReduceLogSumExp": {
      try $0.reduced { try $0.aten("logsumexp", [.tensor($1), .ints($2), .bool($3)]) }
    },
    "ArgMax": { try $0.place("argmax") },
    "ArgMin": { try $0.place("argmin") },
    "GlobalAveragePool": { try $0.overImage { try $0.mean($1, $2, true) } },
    "GlobalMaxPool": {
      try $0.overImage { try $0.aten("amax", [.tensor($1), .ints($2), .bool(true)]) }
    },
  ]
}

extension OnnxCall {
  fileprivate func mean(_ x: Tensor, _ axes: [Int], _ keep: Bool) throws -> Tensor {
    guard x.type == .float32 else { throw wrong("takes the mean of \(x.type)") }
    return try x.throwing.mean(axes, keep: keep)
  }

  fileprivate func sum(_ x: Tensor, _ axes: [Int], _ keep: Bool) throws -> Tensor {
    try aten("sum.dim_IntList", [.tensor(x), .ints(axes), .bool(keep)]).to(x.type)
  }

  /// Products along several dimensions, one after the other, the last dimension first.
  fileprivate func multiplied(_ x: Tensor, _ axes: [Int], _ keep: Bool) throws -> Tensor {
    try axes.sorted(by: >).reduce(x) {
      try aten("prod.dim_int", [.tensor($0), .int($1), .bool(keep)])
    }.to(x.type)
  }

  /// Applies an operation along the dimensions that the node names: all of them if it names none,
  /// unless it says that nothing is to be done then.
  fileprivate func reduced(_ operation: (OnnxCall, Tensor, [Int], Bool) throws -> Tensor) throws
    -> Tensor
  {
    let x = try input(0)
    var axes = try (list(1, or: "axes") ?? []).map { try dimension($0, of: x.rank) }
    if axes.isEmpty {
      if try int("noop_with_empty_axes") ?? 0 != 0 { return x }
      axes = Array(0..<x.rank)
    }
    guard Set(axes).count == axes.count, [.float32, .int64, .int32].contains(x.type),
      !x.shape.contains(0)
    else {
      throw wrong("has the axes \(axes) for an input of \(x.shape) of \(x.type)")
    }
    guard x.rank > 0 else { return try operation(self, reshaped(x, [1]), [0], false) }
    return try operation(self, x, axes, int("keepdims") ?? 1 != 0)
  }

  /// The index of the largest or smallest number along one dimension; of equal ones, the first.
  fileprivate func place(_ name: String) throws -> Tensor {
    let x = try numbers(0)
    let axis = try dimension(int("axis") ?? 0, of: x.rank)
    guard try int("select_last_index") ?? 0 == 0, !x.shape.contains(0) else {
      throw wrong("asks for the last of equal numbers, or has an empty input")
    }
    return try aten(name, [.tensor(x), .int(axis), .bool(int("keepdims") ?? 1 != 0)])
  }

  /// Applies an operation along all dimensions behind the channels.
  fileprivate func overImage(_ operation: (OnnxCall, Tensor, [Int]) throws -> Tensor) throws
    -> Tensor
  {
    let x = try numbers(0)
    guard x.rank >= 3, !x.shape.contains(0) else {
      throw wrong("is supported for images [N, C, H, W] only, found \(x.shape)")
    }
    if node.operation == "GlobalAveragePool", x.rank == 4 { return try x.throwing.globallyPooled() }
    return try operation(self, x, Array(2..<x.rank))
  }

  /// The `k` largest, or smallest, numbers along a dimension, and their indices.
  func largest() throws -> [Tensor] {
    let x = try numbers(0)
    guard let k = try list(1, or: "k")?.first else { throw wrong("has no k") }
    let axis = try dimension(int("axis") ?? -1, of: x.rank)
    guard (0...x.shape[axis]).contains(k) else {
      throw wrong("takes \(k) numbers of \(x.shape) along axis \(axis)")
    }
    let order = [try int("largest") ?? 1 != 0, try int("sorted") ?? 1 != 0]
    return try atenResults(
      "topk", [.tensor(x), .int(k), .int(axis), .bool(order[0]), .bool(order[1])])
  }
}
