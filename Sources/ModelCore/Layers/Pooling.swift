import Support

/// The largest number of each K x K window of a picture, channel by channel: `maxpool K [stride S]
/// [padding P]`. By default, the stride is K and the padding 0.
public struct MaxPooling: Layer {
  public static let keyword = "maxpool"
  public let window: Window

  public init(_ window: Window) { self.window = window }
  public init(_ words: inout LayerWords) throws { window = try words.poolingWindow() }
  public var text: String { Self.keyword + window.poolingText }
  public func outputShape(of input: [Int]) throws -> [Int] {
    try requirePicture(input)
    return window.pooledShape(of: input)
  }
  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    x.maxPooled(window)
  }

  /// The pooling never falls where its input grows, so it maps the ends of intervals to ends.
  public func bounds(_ inputs: Bounds, _ parameters: LayerParameters, _ pass: Pass) throws -> Bounds
  {
    let ends = inputs.center.maxPooledEnds(radius: inputs.radius, window)
    return Bounds(lower: ends.lower, upper: ends.upper)
  }

  /// Both parts from the place in each window where their sum is largest.
  ///
  /// Taking the numbers at these places is a linear map G, and the pooling's gradient for a vector v
  /// of outputs is Gᵀ·v. The derivative of ⟨Gᵀ·v, part⟩ in v is therefore G·part.
  public func contributions(
    _ inputs: Contributions, _ parameters: LayerParameters, _ pass: Pass
  ) throws -> Contributions {
    withGradients {
      let sum = inputs.sum.detached.tracked
      let pooled = sum.maxPooled(window)
      let outputs = Tensor.zeros(pooled.shape, device: pooled.device).tracked
      let spread = (pooled * outputs).sum().gradient(of: sum, differentiable: true)
      return inputs.mapped { ($0 * spread).sum().gradient(of: outputs, differentiable: true) }
    }
  }
}

/// The mean of each K x K window of a picture, channel by channel: `avgpool K [stride S] [padding
/// P]`. By default, the stride is K and the padding 0. Padding counts as zeros in the mean.
public struct AveragePooling: IncreasingLayer, LinearMap {
  public static let keyword = "avgpool"
  public let window: Window

  public init(_ window: Window) { self.window = window }
  public init(_ words: inout LayerWords) throws { window = try words.poolingWindow() }
  public var text: String { Self.keyword + window.poolingText }
  public func outputShape(of input: [Int]) throws -> [Int] {
    try requirePicture(input)
    return window.pooledShape(of: input)
  }
  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    x.averagePooled(window)
  }
}

/// The mean of each channel of a picture over all pixels, `[C, 1, 1]`: `globalavgpool`.
public struct GlobalAveragePooling: IncreasingLayer, LinearMap {
  public static let keyword = "globalavgpool"
  public let text = keyword

  public init() {}
  public init(_ words: inout LayerWords) {}

  public func outputShape(of input: [Int]) throws -> [Int] {
    try requirePicture(input)
    return [input[0], 1, 1]
  }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    x.globallyPooled
  }
}

extension LayerWords {
  fileprivate mutating func poolingWindow() throws -> Window {
    let kernel = try pair("the size of the pooling window")
    let stride = take("stride") ? try pair("stride") : kernel
    let padding = take("padding") ? try pair("padding", atLeast: 0) : 0
    guard padding.height * 2 <= kernel.height, padding.width * 2 <= kernel.width else {
      throw Failure.badData(
        "the padding must be at most half the pooling window \(kernel), found \(padding)")
    }
    return Window(kernel: kernel, stride: stride, padding: padding)
  }
}

extension Window {
  fileprivate var poolingText: String {
    " \(kernel)" + (stride == kernel ? "" : " stride \(stride)")
      + (padding == 0 ? "" : " padding \(padding)")
  }

  fileprivate func pooledShape(of input: [Int]) -> [Int] {
    let size = outputSize(height: input[1], width: input[2])
    return [input[0], size.height, size.width]
  }
}
