import Support

/// The channels of an image in reverse order, for models that take blue before red: `bgr`.
public struct ReversedChannels: Layer {
  public static let keyword = "bgr"
  public let text = keyword

  public init(_ words: inout LayerWords) {}

  public func outputShape(of input: [Int]) throws -> [Int] {
    guard input.count == 3, input[0] == 3 else {
      throw Failure.badData(
        "the order of channels is that of colours, and the input has \(input.first ?? 0) channels")
    }
    return input
  }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    x.flipped([1])
  }
}

/// Channels of zeros, so many before and so many after those there are: `padchannels N`. With a
/// pooling of 1x1 windows before it, the shortcut without parameters of He et al., 2016 (their
/// option A).
public struct PaddedChannels: Layer {
  public static let keyword = "padchannels"
  public let count: Int

  public init(_ words: inout LayerWords) throws {
    count = try words.count("the number of channels on each side")
  }

  public var text: String { "padchannels \(count)" }
  public func outputShape(of input: [Int]) -> [Int] { [input[0] + 2 * count] + input.dropFirst() }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    // x [N, C, …]
    let side = Tensor.zeros([x.shape[0], count] + x.shape.dropFirst(2), device: x.device)
    return Tensor.concatenate([side, x, side], along: 1)
  }
}
