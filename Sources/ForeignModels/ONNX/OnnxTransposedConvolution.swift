import ModelCore
import Support

extension OnnxCall {
  /// The transpose of a convolution: each pixel of the input adds a multiple of a kernel to a window
  /// of the result.
  func transposedConvolution(_ x: Tensor) throws -> Tensor {
    let weight = try kernels()
    let groups = try int("group") ?? 1
    let bias = has(2) ? try numbers(2) : nil
    guard weight.rank == 4, !weight.shape.contains(0), groups > 0, weight.shape[0] == x.shape[1],
      weight.shape[0].isMultiple(of: groups), groups <= weight.shape[0],
      bias.map({ $0.shape == [weight.shape[1] * groups] }) ?? true
    else {
      throw wrong("has weights of \(weight.shape) in \(groups) groups for an input of \(x.shape)")
    }
    // Pads are those of the convolution of which this is the transpose, so they make the result
    // smaller. How automatic ones are divided is decided below.
    var window = try OnnxWindow(
      self, kernel: kernelSize(weight), over: size(of: x), automatic: false)
    func pair(_ name: String) throws -> Pair? {
      guard let sides = try ints(name).map({ $0.count == 1 ? [1] + $0 : $0 }) else { return nil }
      // A list of sizes may begin with those of the batch and the channels.
      guard sides.count >= 2, sides.suffix(2).allSatisfy({ (0...65_536).contains($0) }) else {
        throw wrong("has '\(name)' of \(sides.prefix(8)), expected two sizes")
      }
      return Pair(sides[sides.count - 2], sides[sides.count - 1])
    }
    var more = try ints("output_padding").map { $0.count == 1 ? [0] + $0 : $0 } ?? [0, 0]
    guard more.count == 2, more.allSatisfy({ (0...65_536).contains($0) }) else {
      throw wrong("has the output padding \(more.prefix(8)), expected two numbers from 0")
    }
    let wanted = try pair("output_shape")
    let mode = try text("auto_pad") ?? "NOTSET"
    for (place, side) in [\Pair.height, \Pair.width].enumerated() {
      let (n, stride) = (size(of: x)[keyPath: side], window.stride[keyPath: side])
      let full =
        (n - 1) * stride + (window.kernel[keyPath: side] - 1)
        * window.dilation[keyPath: side] + 1
      let target = wanted?[keyPath: side] ?? (mode.hasPrefix("SAME") ? n * stride : nil)
      guard let target else { continue }
      let removed = full + more[place] - target
      if removed < 0 { more[place] -= removed }
      let (small, large) = (max(removed, 0) / 2, max(removed, 0) - max(removed, 0) / 2)
      let isUpper = mode == "SAME_UPPER"
      window.before[keyPath: side] = isUpper ? small : large
      window.after[keyPath: side] = isUpper ? large : small
    }
    return try transposed(x, weight, bias, window, more, groups)
  }

  /// - Parameter more: how many rows and columns of zeros follow the sums.
  private func transposed(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ window: OnnxWindow, _ more: [Int],
    _ groups: Int
  ) throws -> Tensor {
    let sides = [\Pair.height, \Pair.width]
    // The sums without pads; pads and further zeros then change their borders.
    let full = sides.map { side in
      (size(of: x)[keyPath: side] - 1) * window.stride[keyPath: side]
        + (window.kernel[keyPath: side] - 1) * window.dilation[keyPath: side] + 1
    }
    let outputs = weight.shape[1] * groups
    try checkRoom([x.shape[0], outputs, full[0] + more[0], full[1] + more[1]])
    let copied = weight.shape[1] * window.kernel.height * window.kernel.width
    try checkRoom([x.shape[0], groups, copied, x.shape[2], x.shape[3]])
    try checkWork(Double(x.count) * Double(copied))
    func list(_ pair: Pair) -> Operator.Value { .ints([pair.height, pair.width]) }
    // Without padding in the call, later rows and columns of zeros are added as padding.
    let sums = try aten(
      "convolution",
      [
        .tensor(x), .tensor(weight), .none, list(window.stride), list(0), list(window.dilation),
        .bool(true), list(0), .int(groups),
      ])
    let borders = sides.indices.reversed().flatMap { place in
      [-window.before[keyPath: sides[place]], more[place] - window.after[keyPath: sides[place]]]
    }
    let sizes = sides.indices.map {
      full[$0] + more[$0] - window.before[keyPath: sides[$0]] - window.after[keyPath: sides[$0]]
    }
    guard sizes.allSatisfy({ $0 > 0 }),
      full.indices.allSatisfy({ place in
        window.before[keyPath: sides[place]] + window.after[keyPath: sides[place]] < full[place]
      })
    else {
      throw wrong("has pads that leave nothing of its result")
    }
    let cut =
      borders.allSatisfy({ $0 == 0 })
      ? sums : try aten("constant_pad_nd", [.tensor(sums), .ints(borders), .double(0)])
    guard let bias else { return cut }
    return try binary(cut, reshaped(bias, [1, outputs, 1, 1])) { try $0.plus($1) }
  }
}
