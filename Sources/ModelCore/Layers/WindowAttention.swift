import Support

/// Self-attention of the pixels of a picture `[D, H, W]` within windows of W x W pixels, with a
/// learned bias for each relative position of two pixels: `windowattention heads H window W [shift
/// S]`.
///
/// With a shift, the windows start S pixels further down and right, cyclically. Pixels that are
/// neighbours only by the cycle do not attend to each other. A side that is no multiple of W is padded with zeros, and a side of at most W pixels is
/// not shifted. The parameters are those of `attention`, and the bias of each relative position
/// and head, `relative_position_bias_table` `[(2·W − 1)², heads]`.
///
/// Like `attention`, it has neither interval bounds nor contributions. Source: Z. Liu et al., "Swin
/// Transformer" (2021), in the form of torchvision.
public struct WindowAttention: Layer {
  public static let keyword = "windowattention"
  public let heads: Int
  public let window: Int
  public let shift: Int
  /// For each pair of pixels of a window, row-major `[W², W²]`, the row of the bias table.
  private let pairs: Tensor

  public init(_ words: inout LayerWords) throws {
    heads = try words.heads()
    guard words.take("window") else {
      throw Failure.badData("windowattention: 'window W' is missing")
    }
    window = try words.count("the window")
    shift = words.take("shift") ? try words.count("the shift", atLeast: 0) : 0
    guard window <= 64, shift < window else {
      throw Failure.badData(
        "windowattention: the window must be at most 64 pixels and the shift less than the window, "
          + "found window \(window) and shift \(shift)")
    }
    pairs = Self.pairs(window)
  }

  public var text: String {
    "windowattention heads \(heads) window \(window)" + (shift == 0 ? "" : " shift \(shift)")
  }

  public func outputShape(of input: [Int]) throws -> [Int] {
    try requirePicture(input)
    try AttentionWeights(size: input[0], heads: heads).check()
    return input
  }

  public func parameters(for input: [Int]) -> [ParameterDescription] {
    let positions = (2 * window - 1) * (2 * window - 1)
    return AttentionWeights(size: input[0], heads: heads).parameters + [
      ParameterDescription(
        "relative_position_bias_table", [positions, heads],
        .weight(inputs: positions, outputs: heads))
    ]
  }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    let (channels, height, width) = (x.shape[1], x.shape[2], x.shape[3])
    let grid = WindowGrid(height: height, width: width, window: window, shift: shift)
    let padded = x.padded(
      left: 0, right: grid.width - width, top: 0, bottom: grid.height - height)
    let tokens = grid.windows(padded.permuted([0, 2, 3, 1]))
    let bias = grid.bias(
      parameters["relative_position_bias_table"].indexSelect(0, pairs.to(x.device)))
    let attended = AttentionWeights(size: channels, heads: heads).apply(
      tokens, parameters, bias: bias)
    return grid.joined(attended).narrow(1, 0, height).narrow(2, 0, width).permuted([0, 3, 1, 2])
  }

  /// For each pair of pixels of a window, (y₁ − y₂ + W − 1)·(2W − 1) + x₁ − x₂ + W − 1.
  private static func pairs(_ window: Int) -> Tensor {
    let pixels = (0..<window).flatMap { y in (0..<window).map { (y, $0) } }
    let rows = pixels.flatMap { a in
      pixels.map { b in
        Int64((a.0 - b.0 + window - 1) * (2 * window - 1) + a.1 - b.1 + window - 1)
      }
    }
    return Tensor(rows, shape: [rows.count])
  }
}

/// The windows of a picture whose sides are padded to multiples of the window.
private struct WindowGrid {
  let window: Int
  let height: Int
  let width: Int
  private let shifts: [Int]

  init(height: Int, width: Int, window: Int, shift: Int) {
    func padded(_ side: Int) -> Int { (side + window - 1) / window * window }
    self.window = window
    self.height = padded(height)
    self.width = padded(width)
    shifts = [self.height, self.width].map { $0 <= window ? 0 : shift }
  }

  private var isShifted: Bool { shifts != [0, 0] }
  private var rows: Int { height / window }
  private var columns: Int { width / window }

  /// x `[N, H, W, D]`, padded → `[N·windows, W², D]`
  func windows(_ x: Tensor) -> Tensor {
    cut(isShifted ? x.rolled(shifts.map { -$0 }, [1, 2]) : x)
  }

  private func cut(_ x: Tensor) -> Tensor {
    x.reshaped([-1, rows, window, columns, window, x.shape[3]]).permuted([0, 1, 3, 2, 4, 5])
      .reshaped([-1, window * window, x.shape[3]])
  }

  /// The inverse of `windows`.
  func joined(_ x: Tensor) -> Tensor {
    let size = x.shape[2]
    let whole = x.reshaped([-1, rows, columns, window, window, size])
      .permuted([0, 1, 3, 2, 4, 5]).reshaped([-1, height, width, size])
    return isShifted ? whole.rolled(shifts, [1, 2]) : whole
  }

  /// The bias of all pairs in a window `[W⁴, heads]` → `[windows or 1, heads, W², W²]`, with −1000
  /// for pairs that are neighbours only by the cycle.
  ///
  /// The published code adds −100. Its weights e⁻¹⁰⁰ are denormal numbers, with which matrix products
  /// take a hundred times as long; e⁻¹⁰⁰⁰ is 0.
  func bias(_ pairs: Tensor) -> Tensor {
    let count = window * window
    let bias = pairs.reshaped([1, count, count, -1]).permuted([0, 3, 1, 2])
    guard isShifted else { return bias }
    let regions = regions.to(bias.device)
    let differs = regions.reshaped([-1, 1, count, 1])
      .differs(from: regions.reshaped([-1, 1, 1, count]))
    return bias + differs.to(bias.type) * -1000
  }

  /// The region of each pixel after the shift, by window: `[windows, W²]`. Pixels of different
  /// regions are no neighbours in the picture.
  private var regions: Tensor {
    func region(_ place: Int, _ side: Int, _ shift: Int) -> Int {
      shift == 0 || place < side - window ? 0 : place < side - shift ? 1 : 2
    }
    let map = (0..<height).flatMap { y in
      (0..<width).map { x in
        Float(3 * region(y, height, shifts[0]) + region(x, width, shifts[1]))
      }
    }
    return cut(Tensor(map, shape: [1, height, width, 1])).reshaped([-1, window * window])
  }
}

/// The four pixels of each 2x2 block of a picture as the channels of one pixel: `mergepatches`. `[C,
/// H, W]` → `[4·C, ⌈H/2⌉, ⌈W/2⌉]`, with the channels of the upper left, lower left, upper right and
/// lower right pixel. An odd side is padded with zeros. Source: Swin Transformer.
public struct MergedPatches: IncreasingLayer, LinearMap {
  public static let keyword = "mergepatches"
  public let text = keyword

  public init(_ words: inout LayerWords) {}

  public func outputShape(of input: [Int]) throws -> [Int] {
    try requirePicture(input)
    return [4 * input[0], (input[1] + 1) / 2, (input[2] + 1) / 2]
  }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    let (count, channels) = (x.shape[0], x.shape[1])
    let even = x.padded(left: 0, right: x.shape[3] % 2, top: 0, bottom: x.shape[2] % 2)
    let (height, width) = (even.shape[2] / 2, even.shape[3] / 2)
    // [N, H/2, below, W/2, right, C] → [N, H/2, W/2, right, below, C]
    let blocks = even.permuted([0, 2, 3, 1]).reshaped([count, height, 2, width, 2, channels])
      .permuted([0, 1, 3, 4, 2, 5])
    return blocks.reshaped([count, height, width, 4 * channels]).permuted([0, 3, 1, 2])
  }
}
