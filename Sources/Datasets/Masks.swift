import ModelCore

/// The masks of some examples, in as little memory as their values allow.
///
/// Masks of 0 and 1 take one byte for each number, and a mask that is the same for all channels is
/// kept once. They become float32 masks in the shape of the examples when a batch is made. The
/// masks of 54,000 colour images of 28 x 28 pixels thus take 42 MB instead of 508 MB.
struct Masks: Sendable {
  /// uint8 of 0 and 1, or float32 from 0 to 1: `[N, C, H, W]`, `[N, 1, H, W]` if each mask stands
  /// for all channels, or `[N, D]`.
  let stored: Tensor
  /// The shape of the mask of one example: `[C, H, W]` or `[D]`.
  let shape: [Int]

  /// Keeps masks in as little memory as possible.
  /// - Parameters:
  ///   - masks: values from 0 to 1 in `[N] + shape`, or with one channel in place of several.
  ///     Other types than uint8 are kept as uint8 if all values are 0 or 1.
  ///   - shape: the shape of one example.
  init(_ masks: Tensor, shape: [Int]) {
    self.shape = shape
    let isPacked = masks.type == .uint8
    let isBinary = !isPacked && masks.equals(0).or(masks.equals(1)).all().isTrue
    stored = isPacked ? masks : masks.to(isBinary ? .uint8 : .float32)
  }

  /// Keeps masks in the form that they have: one of those of `stored`.
  init(keeping stored: Tensor, shape: [Int]) {
    self.stored = stored
    self.shape = shape
  }

  /// The number of masks, N.
  var count: Int { stored.shape[0] }

  /// All masks as float32 in `[N] + shape`.
  var values: Tensor { stored.to(.float32).expanded([count] + shape) }

  /// The share of all numbers whose mask is more than 0.
  var share: Double { stored.isGreater(than: 0).to(.float32).mean().scalar }

  /// Whether masks in a shape can stand for examples in the shape `examples`, both with N first:
  /// the shapes are equal, or the masks have one channel where the examples have several.
  static func fit(_ masks: [Int], _ examples: [Int]) -> Bool {
    masks == examples
      || masks.count == 4 && examples.count == 4 && masks[1] == 1
        && [masks[0], masks[2], masks[3]] == [examples[0], examples[2], examples[3]]
  }

  /// The same masks after an operation on the first dimension or a move to another device.
  func mapped(_ change: (Tensor) -> Tensor) -> Masks {
    Masks(keeping: change(stored), shape: shape)
  }
}
