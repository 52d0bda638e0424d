import ModelCore
import Support

extension OnnxCall {
  /// Average pooling of sequences, images or volumes. Volumes `[N, C, D, H, W]` are what exporters
  /// make of the sums over neighbouring channels in a local response normalisation.
  func averagePoolingOfAnyRank() throws -> Tensor {
    guard try numbers(0).rank == 5 else { return try onImages { try $0.averagePooling($1) } }
    let x = try numbers(0)
    guard let kernel = try ints("kernel_shape"), kernel.count == 3 else {
      throw wrong("has no window for an input of \(x.shape)")
    }
    let (strides, pads) = (
      try ints("strides") ?? [1, 1, 1], try ints("pads") ?? [Int](repeating: 0, count: 6)
    )
    let half = Array(pads.prefix(3))
    guard strides.count == 3, pads.count == 6, half == Array(pads.suffix(3)),
      (kernel + strides).allSatisfy({ (1...65_536).contains($0) }),
      zip(half, kernel).allSatisfy({ (0...$1 / 2).contains($0) }), !x.shape.contains(0),
      try ints("dilations") ?? [1, 1, 1] == [1, 1, 1], try int("ceil_mode") ?? 0 == 0,
      try text("auto_pad") ?? "NOTSET" == "NOTSET"
    else {
      throw wrong("has a window that is not supported for volumes \(x.shape)")
    }
    let sizes = (0..<3).map { x.shape[$0 + 2] + 2 * half[$0] }
    guard zip(sizes, kernel).allSatisfy({ $0 >= $1 }) else {
      throw wrong("has a window larger than its input \(x.shape)")
    }
    try checkRoom([x.shape[0], x.shape[1]] + sizes)
    try checkWork(Double(x.count) * kernel.reduce(1) { $0 * Double($1) })
    return try aten(
      "avg_pool3d",
      [
        .tensor(x), .ints(kernel), .ints(strides), .ints(half), .bool(false),
        .bool(int("count_include_pad") ?? 0 != 0),
      ])
  }

  /// The mean of each window over the pixels that count: those of the image, and the padding if the
  /// node says so. Padding that only completes the last window never counts.
  ///
  /// libtorch's average divides by the size of the window. So the averages of the image are divided
  /// by the averages of an image of ones, which is 1 at pixels that count and 0 at others.
  private func averagePooling(_ x: Tensor) throws -> Tensor {
    let window = try OnnxWindow(self, kernel: ints("kernel_shape"), over: size(of: x))
    guard window.dilation == 1 else { throw wrong("has a dilated window, which is not supported") }
    try check(window, over: x, outputs: x.shape[1], inputs: 1)
    if window.before == 0, window.after == 0 {
      return try x.throwing.averagePooled(window.bare)
    }
    let counts = try int("count_include_pad") ?? 0 != 0
    let (inner, outer) = counts ? window.split : (nil, window)
    let ones = Tensor.ones([1, 1, x.shape[2], x.shape[3]], device: x.device)
    let pixels = try padded(inner.map { try padded(ones, $0, 1) } ?? ones, outer, 0)
    let sums = try padded(x, window, 0).throwing.averagePooled(window.bare)
    let shares = try pixels.throwing.averagePooled(window.bare)
    guard shares.min().scalar > 0 else {
      throw wrong("has windows that contain no pixel of the image")
    }
    return try binary(sums, shares) { try $0.divided(by: $1) }
  }
}
