import Support

/// The three colour channels of a picture in reverse order: `bgr`. For models that were trained on
/// pictures with blue before red.
public struct ReversedChannels: IncreasingLayer, LinearMap {
  public static let keyword = "bgr"
  public let text = keyword

  public init(_ words: inout LayerWords) {}

  public func outputShape(of input: [Int]) throws -> [Int] {
    try requirePicture(input)
    guard input[0] == 3 else {
      throw Failure.badData(
        "'bgr' needs a picture with 3 colour channels, found \(input[0]) channels")
    }
    return input
  }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    x.flipped([1])
  }
}

/// Adds N channels of zeros before the channels of the input, and N after them: `padchannels N`.
///
/// After a pooling with 1x1 windows and a stride of 2, it is the residual shortcut without
/// parameters of He et al., 2016 (their option A).
public struct PaddedChannels: IncreasingLayer, LinearMap {
  public static let keyword = "padchannels"
  public let count: Int

  public init(_ words: inout LayerWords) throws {
    count = try words.count("the number of channels to add on each side")
  }

  public var text: String { "padchannels \(count)" }
  public func outputShape(of input: [Int]) throws -> [Int] {
    try refuseTokens(input)
    return [input[0] + 2 * count] + input.dropFirst()
  }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    // x [N, C, …]
    let side = Tensor.zeros([x.shape[0], count] + x.shape.dropFirst(2), device: x.device)
    return Tensor.concatenate([side, x, side], along: 1)
  }
}
