import ModelCore
import Support

/// The window of a convolution or pooling, as an ONNX node describes it.
struct OnnxWindow {
  var kernel: Pair
  var stride: Pair
  var dilation: Pair
  /// The padding before and after the image.
  var before: Pair
  var after: Pair
  /// The part of `after` that exists only to complete the last window.
  private(set) var filling: Pair = 0

  /// - Parameters:
  ///   - kernel: the size of the window.
  ///   - size: the height and width of the image.
  init(_ call: OnnxCall, kernel: [Int]?, over size: Pair) throws {
    func pair(_ numbers: [Int]?, _ fallback: Int, from least: Int = 1) throws -> Pair {
      let sides = numbers ?? [fallback, fallback]
      guard sides.count == 2, sides.allSatisfy({ (least...65_536).contains($0) }) else {
        throw call.wrong(
          "has a window of \(sides.prefix(8)), expected two sizes from \(least) to 65536")
      }
      return Pair(sides[0], sides[1])
    }
    guard let kernel else { throw call.wrong("has no size of its window") }
    self.kernel = try pair(kernel, 1)
    stride = try pair(call.ints("strides"), 1)
    dilation = try pair(call.ints("dilations"), 1)
    let pads = try call.ints("pads") ?? [0, 0, 0, 0]
    guard pads.count == 4, pads.allSatisfy({ (0...65_536).contains($0) }) else {
      throw call.wrong("has the pads \(pads.prefix(8)), expected four from 0 to 65536")
    }
    (before, after) = (Pair(pads[0], pads[1]), Pair(pads[2], pads[3]))
    switch try call.text("auto_pad") ?? "NOTSET" {
    case "NOTSET": break
    case "VALID": (before, after) = (0, 0)
    case "SAME_UPPER": pad(size, moreAfter: true)
    case "SAME_LOWER": pad(size, moreAfter: false)
    case let other: throw call.wrong("has the unknown auto_pad '\(other.prefix(40))'")
    }
    if try call.int("ceil_mode") ?? 0 != 0 { roundUp(size) }
  }

  /// The size of the window in pixels of the image, including the gaps of a dilated window.
  private func span(_ side: KeyPath<Pair, Int>) -> Int {
    (kernel[keyPath: side] - 1) * dilation[keyPath: side] + 1
  }

  /// Pads the image so that there are ⌈size / stride⌉ windows. If the padding is odd, its larger
  /// half comes after the image with `moreAfter`, and before it without.
  private mutating func pad(_ size: Pair, moreAfter: Bool) {
    for side in [\Pair.height, \Pair.width] {
      let windows = (size[keyPath: side] + stride[keyPath: side] - 1) / stride[keyPath: side]
      let total = max(0, (windows - 1) * stride[keyPath: side] + span(side) - size[keyPath: side])
      before[keyPath: side] = moreAfter ? total / 2 : total - total / 2
      after[keyPath: side] = total - before[keyPath: side]
    }
  }

  /// Adds padding for a last window that the image fills only in part, if that window begins within
  /// the image or the padding before it.
  private mutating func roundUp(_ size: Pair) {
    for side in [\Pair.height, \Pair.width] {
      let room = size[keyPath: side] + before[keyPath: side] + after[keyPath: side] - span(side)
      guard room >= 0, room % stride[keyPath: side] != 0 else { continue }
      let last = (room / stride[keyPath: side] + 1) * stride[keyPath: side]
      if last < size[keyPath: side] + before[keyPath: side] {
        filling[keyPath: side] = stride[keyPath: side] - room % stride[keyPath: side]
        after[keyPath: side] += filling[keyPath: side]
      }
    }
  }

  /// The window for an image that is already padded.
  var bare: Window { Window(kernel: kernel, stride: stride, dilation: dilation) }

  /// The window with its padding, if that is the same on both sides.
  var symmetric: Window? {
    before == after
      ? Window(kernel: kernel, stride: stride, padding: before, dilation: dilation) : nil
  }

  /// The window with the padding that the node states, and the window with the padding that only
  /// completes the last window.
  var split: (inner: OnnxWindow?, outer: OnnxWindow) {
    var (inner, outer) = (self, self)
    inner.after = Pair(after.height - filling.height, after.width - filling.width)
    (outer.before, outer.after) = (0, filling)
    return (inner, outer)
  }

  func outputSize(_ size: Pair) -> (height: Int, width: Int) {
    bare.outputSize(
      height: size.height + before.height + after.height,
      width: size.width + before.width + after.width)
  }
}

extension OnnxCall {
  private func size(of x: Tensor) -> Pair { Pair(x.shape[2], x.shape[3]) }

  /// Checks, before the call of libtorch, that neither the result, nor the copies of pixels from
  /// which libtorch may compute it, nor the number of products is too large.
  private func check(_ window: OnnxWindow, over x: Tensor, outputs: Int, inputs: Int) throws {
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

  func convolution() throws -> Tensor {
    var x = try planes()
    let weight = try numbers(1)
    let groups = try int("group") ?? 1
    let bias = has(2) ? try numbers(2) : nil
    guard weight.rank == 4, !weight.shape.contains(0), groups > 0, weight.shape[0] % groups == 0,
      weight.shape[1].multipliedReportingOverflow(by: groups) == (x.shape[1], false),
      bias?.shape ?? [weight.shape[0]] == [weight.shape[0]]
    else {
      throw wrong("has weights of \(weight.shape) in \(groups) groups for an input of \(x.shape)")
    }
    let kernel = Array(weight.shape[2...])
    guard try ints("kernel_shape") ?? kernel == kernel else {
      throw wrong("has a window of another size than its weights")
    }
    let window = try OnnxWindow(self, kernel: kernel, over: size(of: x))
    try check(window, over: x, outputs: weight.shape[0], inputs: weight.shape[1])
    if window.symmetric == nil { x = try padded(x, window, 0) }
    return try x.throwing.convolved(
      weight, bias: bias, window: window.symmetric ?? window.bare, groups: groups)
  }

  private func padded(_ x: Tensor, _ window: OnnxWindow, _ value: Double) throws -> Tensor {
    try x.throwing.padded(
      left: window.before.width, right: window.after.width, top: window.before.height,
      bottom: window.after.height, value: value)
  }

  func maxPooling() throws -> Tensor {
    let x = try planes()
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

  /// The mean of each window over the pixels that count: those of the image, and the padding if the
  /// node says so. Padding that only completes the last window never counts.
  ///
  /// libtorch's average divides by the size of the window. So the averages of the image are divided
  /// by the averages of an image of ones, which is 1 at pixels that count and 0 at others.
  func averagePooling() throws -> Tensor {
    let x = try planes()
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

extension Pair {
  fileprivate func isWithinHalf(_ kernel: Pair) -> Bool {
    height * 2 <= kernel.height && width * 2 <= kernel.width
  }
}
