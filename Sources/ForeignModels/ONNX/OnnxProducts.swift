import ModelCore
import Support

/// Products of matrices, and what consists of them.
extension OnnxOperators {
  static let products: [String: Single] = [
    "Gemm": { try $0.generalProduct() },
    "MatMul": { try $0.product($0.numbers(0), $0.numbers(1)) },
    "Einsum": { try $0.einsum() },
    "Attention": { try $0.attention() },
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
    if node.attributes.isEmpty, has(2), try input(0).rank > 2 { return try linear() }
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

  /// x·W + b for each row of a tensor with several dimensions, which `OnnxFusion` makes of a product
  /// and a sum.
  private func linear() throws -> Tensor {
    let (x, weight, bias) = (try numbers(0), try numbers(1), try numbers(2))
    guard weight.rank == 2, x.shape.last == weight.shape[0], bias.shape == [weight.shape[1]] else {
      throw wrong("cannot multiply \(x.shape) and \(weight.shape)")
    }
    try checkRoom(x.shape.dropLast() + [weight.shape[1]])
    return try x.throwing.linear(weight.transposed, bias: bias)
  }

  func product(_ a: Tensor, _ b: Tensor) throws -> Tensor {
    guard (1...8).contains(a.rank), (1...8).contains(b.rank) else {
      throw wrong("cannot multiply \(a.shape) and \(b.shape)")
    }
    let batch = try broadcast([Int](a.shape.dropLast(2)), [Int](b.shape.dropLast(2)))
    let (rows, columns) = (
      a.rank > 1 ? a.shape[a.rank - 2] : 1, b.rank > 1 ? b.shape[b.rank - 1] : 1
    )
    try checkRoom(batch + [rows, columns])
    // libtorch may repeat the factors for every matrix of the batch.
    try checkRoom(batch + [rows, a.shape[a.rank - 1]])
    try checkRoom(batch + [a.shape[a.rank - 1], columns])
    return try a.throwing.matmul(b)
  }

  /// Sums of products of one or two tensors, whose dimensions are named by letters:
  /// `bij,bjk->bik`.
  fileprivate func einsum() throws -> Tensor {
    guard let equation = try text("equation")?.filter({ $0 != " " }), equation.utf8.count <= 200
    else { throw wrong("has no equation, or one of more than 200 characters") }
    let sides = equation.split(separator: ">", omittingEmptySubsequences: false)
    let operands = (sides.first ?? "").replacing("-", with: "").split(
      separator: ",", omittingEmptySubsequences: false)
    let tensors = try inputs.indices.map { try numbers($0) }
    guard (1...2).contains(tensors.count), operands.count == tensors.count, sides.count <= 2 else {
      throw wrong(
        "has the equation '\(equation)' for \(tensors.count) tensors, of which one or two "
          + "are supported")
    }
    // The product of all sizes bounds the result and the number of multiplications.
    var sizes: [Character: Int] = [:]
    for (letters, tensor) in zip(operands, tensors) {
      guard letters.allSatisfy({ $0.isLetter && $0.isASCII }), letters.count == tensor.rank else {
        throw wrong(
          "has the equation '\(equation)', which does not fit \(tensor.shape), or has an "
            + "ellipsis, which is not supported")
      }
      for (letter, size) in zip(letters, tensor.shape) {
        guard sizes[letter] ?? size == size else {
          throw wrong("has two sizes for '\(letter)' in '\(equation)'")
        }
        sizes[letter] = size
      }
    }
    let output = sides.count == 2 ? sides[1] : nil
    guard output?.allSatisfy({ sizes[$0] != nil }) ?? true else {
      throw wrong("has the equation '\(equation)' with a letter that no tensor has")
    }
    try checkRoom((output ?? Substring(sizes.keys)).map { sizes[$0] ?? 1 })
    try checkWork(sizes.values.reduce(1.0) { $0 * Double($1) })
    return try aten("einsum", [.text(equation), .tensors(tensors)])
  }

  /// softmax(s·Q·Kᵀ + mask)·V for each head, as in A. Vaswani et al., "Attention Is All You Need"
  /// (2017). Q, K and V are `[N, heads, tokens, size]`, or `[N, tokens, heads·size]`.
  fileprivate func attention() throws -> Tensor {
    guard !has(4), !has(5), !has(6), try int("qk_matmul_output_mode") ?? 0 == 0 else {
      throw wrong("keeps keys and values of earlier tokens, which is not supported")
    }
    let isFlat = try numbers(0).rank == 3
    func heads(_ place: Int, _ attribute: String) throws -> Tensor {
      let x = try numbers(place)
      if x.rank == 4 && !isFlat { return x }
      guard x.rank == 3, isFlat, let count = try int(attribute), count > 0,
        x.shape[2].isMultiple(of: count)
      else {
        throw wrong("expects [N, heads, tokens, size] as input \(place), found \(x.shape)")
      }
      let split = try reshaped(x, [x.shape[0], x.shape[1], count, x.shape[2] / count])
      return try split.throwing.permuted([0, 2, 1, 3])
    }
    let query = try heads(0, "q_num_heads")
    var (key, value) = (try heads(1, "kv_num_heads"), try heads(2, "kv_num_heads"))
    guard query.shape[3] > 0, key.shape[1] > 0, query.shape[1].isMultiple(of: key.shape[1]),
      query.shape[3] == key.shape[3], key.shape[1...2] == value.shape[1...2]
    else {
      throw wrong("cannot attend with \(query.shape) to \(key.shape) and \(value.shape)")
    }
    let copies = query.shape[1] / key.shape[1]
    if copies > 1 {
      for shape in [key.shape, value.shape] {
        try checkRoom([shape[0], query.shape[1], shape[2], shape[3]])
      }
      key = try aten("repeat_interleave.self_int", [.tensor(key), .int(copies), .int(1)])
      value = try aten("repeat_interleave.self_int", [.tensor(value), .int(copies), .int(1)])
    }
    let scale = try float("scale") ?? 1 / Double(query.shape[3]).squareRoot()
    var scores = try product(query * scale, key.throwing.permuted([0, 1, 3, 2]))
    if try int("is_causal") ?? 0 != 0 {
      let seen = Tensor.full(
        -.infinity, shape: [query.shape[2], key.shape[2]], device: query.device)
      scores = try binary(scores, aten("triu", [.tensor(seen), .int(1)])) { try $0.plus($1) }
    }
    if has(3) {
      let mask = try input(3)
      scores =
        try mask.type == .bool
        ? chosen(mask, scores, Tensor.full(-.infinity, shape: [], device: scores.device))
        : pair("add.Tensor", scores, mask)
    }
    if let cap = try float("softcap"), cap != 0 {
      scores = try (scores / cap).throwing.tanh() * cap
    }
    let result = try product(scores.throwing.softmax(3), value)
    guard isFlat else { return result }
    let rows = try result.throwing.permuted([0, 2, 1, 3])
    return try reshaped(rows, [rows.shape[0], rows.shape[1], rows.shape[2] * rows.shape[3]])
  }
}
