import ModelCore

/// The masks of some examples, in as little memory as their values allow.
///
/// Masks of 0 and 1 take one byte for each number, and a mask that is the same for all channels is
/// kept once. They become float32 masks in the shape of the examples when a batch is made. The
/// masks of 54,000 colour images of 28 x 28 pixels thus take 42 MB instead of 508 MB. The masks of
/// pictures that stay in their files stay there too.
struct Masks: Sendable {
  /// How the masks are kept.
  enum Storage: Sendable {
    /// uint8 of 0 and 1, or float32 from 0 to 1: `[N, C, H, W]`, `[N, 1, H, W]` if each mask stands
    /// for all channels, or `[N, D]`.
    case memory(Tensor)
    /// The grey pictures with these indices, int64 `[N]`, in a stream. Each stands for all channels,
    /// and white is 1.
    case stream(PictureStream, Tensor)
  }

  let storage: Storage
  /// The shape of the mask of one example: `[C, H, W]` or `[D]`.
  let shape: [Int]

  /// Keeps masks in as little memory as possible.
  /// - Parameters:
  ///   - masks: values from 0 to 1 in `[N] + shape`, or with one channel in place of several.
  ///     Other types than uint8 are kept as uint8 if all values are 0 or 1.
  ///   - shape: the shape of one example.
  init(_ masks: Tensor, shape: [Int]) {
    let isPacked = masks.type == .uint8
    let isBinary = !isPacked && masks.equals(0).or(masks.equals(1)).all().isTrue
    self.init(keeping: isPacked ? masks : masks.to(isBinary ? .uint8 : .float32), shape: shape)
  }

  /// Keeps masks in the form that they have: one of those of `Storage.memory`.
  init(keeping stored: Tensor, shape: [Int]) {
    self.init(storage: .memory(stored), shape: shape)
  }

  /// Masks that stay in their files until they are used.
  init(_ stream: PictureStream, count: Int, shape: [Int]) {
    self.init(storage: .stream(stream, Tensor(labels: Array(0..<count))), shape: shape)
  }

  private init(storage: Storage, shape: [Int]) {
    self.storage = storage
    self.shape = shape
  }

  /// The number of masks, N.
  var count: Int {
    switch storage {
    case .memory(let stored), .stream(_, let stored): stored.shape[0]
    }
  }

  /// The masks as they are in memory; nil if they stay in their files.
  var stored: Tensor? { if case .memory(let stored) = storage { stored } else { nil } }

  /// All masks as float32 in `[N] + shape`.
  var values: Tensor {
    let stored =
      switch storage {
      case .memory(let stored): stored.to(.float32)
      case .stream(let stream, let places):
        stream.images(at: places.int64s().map(Int.init), as: .float32)
      }
    return stored.expanded([count] + shape)
  }

  /// The share of all numbers whose mask is more than 0.
  var share: Double {
    // A hundred masks at a time, since those of a stream are decoded.
    let masked = stride(from: 0, to: count, by: 100).map { start in
      let some = mapped { $0.narrow(0, start, min(100, count - start)) }
      return some.values.isGreater(than: 0).to(.float32).sum().scalar
    }
    return masked.reduce(0, +) / Double(shape.reduce(count, *))
  }

  /// Whether masks in a shape can stand for examples in the shape `examples`, both with N first:
  /// the shapes are equal, or the masks have one channel where the examples have several.
  static func fit(_ masks: [Int], _ examples: [Int]) -> Bool {
    masks == examples
      || masks.count == 4 && examples.count == 4 && masks[1] == 1
        && [masks[0], masks[2], masks[3]] == [examples[0], examples[2], examples[3]]
  }

  /// The same masks after an operation on the first dimension or a move to another device.
  func mapped(_ change: (Tensor) -> Tensor) -> Masks {
    switch storage {
    case .memory(let stored): Masks(keeping: change(stored), shape: shape)
    case .stream(let stream, let places):
      Masks(storage: .stream(stream, change(places)), shape: shape)
    }
  }
}
