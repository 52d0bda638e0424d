import ModelCore
import Support

/// Operators that slide a window over images.
extension OnnxOperators {
  static let windows: [String: Single] = [
    "Conv": { try $0.onImages { try $0.convolution($1) } },
    "ConvTranspose": { try $0.onImages { try $0.transposedConvolution($1) } },
    "MaxPool": { try $0.onImages { try $0.maxPooling($1) } },
    "AveragePool": { try $0.averagePoolingOfAnyRank() },
    "Pad": { try $0.padding() },
    "Resize": { try $0.resize() },
    "Upsample": { try $0.resize() },
  ]
}

extension OnnxCall {
  /// Applies an operation to images. A sequence `[N, C, L]` becomes images of height 1.
  func onImages(_ operation: (OnnxCall, Tensor) throws -> Tensor) throws -> Tensor {
    let x = try numbers(0)
    guard x.rank == 3, !x.shape.contains(0) else { return try operation(self, planes()) }
    let result = try operation(self, reshaped(x, [x.shape[0], x.shape[1], 1, x.shape[2]]))
    return try reshaped(result, [result.shape[0], result.shape[1], result.shape[3]])
  }

  /// The weights of a convolution. Those for sequences get a height of 1.
  func kernels() throws -> Tensor {
    let weight = try numbers(1)
    guard weight.rank == 3 else { return weight }
    return try reshaped(weight, [weight.shape[0], weight.shape[1], 1, weight.shape[2]])
  }

  func size(of x: Tensor) -> Pair { Pair(x.shape[2], x.shape[3]) }

  /// Checks, before the call of libtorch, that neither the result, nor the copies of pixels from
  /// which libtorch may compute it, nor the number of products is too large.
  func check(_ window: OnnxWindow, over x: Tensor, outputs: Int, inputs: Int) throws {
    let out = window.outputSize(size(of: x))
    guard out.height > 0, out.width > 0 else {
      throw wrong("has a window larger than its input \(x.shape)")
    }
    try checkRoom([x.shape[0], outputs, out.height, out.width])
    try checkRoom([
      x.shape[0], x.shape[1], x.shape[2] + window.before.height + window.after.height,
      x.shape[3] + window.before.width + window.after.width,
    ])
    let copied =
      Double(inputs * window.kernel.height * window.kernel.width) * Double(out.height * out.width)
    guard copied <= Double(1 << 27), copied * Double(outputs) <= Double(1 << 35) else {
      throw wrong("needs more computation per image than the layer of any classifier")
    }
  }

  fileprivate func convolution(_ images: Tensor) throws -> Tensor {
    var x = images
    let weight = try kernels()
    let groups = try int("group") ?? 1
    let bias = has(2) ? try numbers(2) : nil
    guard weight.rank == 4, !weight.shape.contains(0), groups > 0, weight.shape[0] % groups == 0,
      weight.shape[1].multipliedReportingOverflow(by: groups) == (x.shape[1], false),
      bias?.shape ?? [weight.shape[0]] == [weight.shape[0]]
    else {
      throw wrong("has weights of \(weight.shape) in \(groups) groups for an input of \(x.shape)")
    }
    let window = try OnnxWindow(self, kernel: kernelSize(weight), over: size(of: x))
    try check(window, over: x, outputs: weight.shape[0], inputs: weight.shape[1])
    if window.symmetric == nil { x = try padded(x, window, 0) }
    return try x.throwing.convolved(
      weight, bias: bias, window: window.symmetric ?? window.bare, groups: groups)
  }

  /// The size of the kernels, which the node may state, too.
  func kernelSize(_ weight: Tensor) throws -> [Int] {
    let kernel = Array(weight.shape[2...])
    let stated = try ints("kernel_shape") ?? kernel
    guard (stated.count == 1 ? [1] + stated : stated) == kernel else {
      throw wrong("has a window of another size than its weights")
    }
    return kernel
  }

  func padded(_ x: Tensor, _ window: OnnxWindow, _ value: Double) throws -> Tensor {
    try x.throwing.padded(
      left: window.before.width, right: window.after.width, top: window.before.height,
      bottom: window.after.height, value: value)
  }

  fileprivate func maxPooling(_ x: Tensor) throws -> Tensor {
    let window = try OnnxWindow(self, kernel: ints("kernel_shape"), over: size(of: x))
    try check(window, over: x, outputs: x.shape[1], inputs: 1)
    let span = Pair(
      (window.kernel.height - 1) * window.dilation.height,
      (window.kernel.width - 1) * window.dilation.width)
    let after = window.split.inner?.after ?? window.after
    guard max(window.before.height, after.height) <= span.height,
      max(window.before.width, after.width) <= span.width
    else { throw wrong("has windows that contain no pixel of the image") }
    if let plain = window.symmetric, window.before.isWithinHalf(window.kernel) {
      return try x.throwing.maxPooled(plain)
    }
    return try padded(x, window, -.infinity).throwing.maxPooled(window.bare)
  }
}

extension Pair {
  fileprivate func isWithinHalf(_ kernel: Pair) -> Bool {
    height * 2 <= kernel.height && width * 2 <= kernel.width
  }
}
