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
  ///   - automatic: whether `auto_pad` and `ceil_mode` count.
  init(_ call: OnnxCall, kernel: [Int]?, over size: Pair, automatic: Bool = true) throws {
    func pair(_ numbers: [Int]?, _ fallback: Int, from least: Int = 1) throws -> Pair {
      // A window on a sequence has a height of 1.
      let sides = numbers.map { $0.count == 1 ? [1] + $0 : $0 } ?? [fallback, fallback]
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
    let given = try call.ints("pads") ?? [0, 0, 0, 0]
    let pads = given.count == 2 ? [0, given[0], 0, given[1]] : given
    guard pads.count == 4, pads.allSatisfy({ (0...65_536).contains($0) }) else {
      throw call.wrong("has the pads \(pads.prefix(8)), expected four from 0 to 65536")
    }
    (before, after) = (Pair(pads[0], pads[1]), Pair(pads[2], pads[3]))
    guard automatic else { return }
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
