import Support

/// Cuts a picture into square patches and maps each of them to a token of OUT numbers, by one linear
/// map for all: `patches OUT size P`. Its parameters are those of a convolution with P x P kernels
/// and stride P.
///
/// A picture `[C, H, W]` becomes the tokens `[H/P·W/P, OUT]`, row by row. P must divide H and W, so
/// that no pixel is left out. Source: A. Dosovitskiy et al., "An Image is Worth 16x16 Words" (2021).
public struct Patches: WeightedLayer {
  public static let keyword = "patches"
  public let outputs: Int
  public let size: Int
  var hasBias: Bool { true }

  public init(_ words: inout LayerWords) throws {
    outputs = try words.count("the size of a token")
    guard words.take("size") else { throw Failure.badData("patches: 'size P' is missing") }
    size = try words.count("the size of a patch")
    guard size <= 65_536 else {
      throw Failure.badData("patches: the size must be at most 65536 pixels, found \(size)")
    }
  }

  public var text: String { "patches \(outputs) size \(size)" }

  public func outputShape(of input: [Int]) throws -> [Int] {
    try requirePicture(input)
    guard input[1] % size == 0, input[2] % size == 0 else {
      throw Failure.badData(
        "a picture of \(input[1])x\(input[2]) pixels cannot be cut into patches of \(size)x\(size)",
        hint: "give pictures whose height and width are multiples of \(size), such as "
          + "\(rounded(input[1]))x\(rounded(input[2])); 'resize' and 'crop' in the data change them"
      )
    }
    return [input[1] / size * (input[2] / size), outputs]
  }

  /// The multiple of the patch's size that is nearest, and at least one patch.
  private func rounded(_ side: Int) -> Int { max(1, (side + size / 2) / size) * size }

  public func parameters(for input: [Int]) -> [ParameterDescription] {
    let side = Pair(size, size)
    return Convolution(outputs, Window(kernel: side, stride: side)).parameters(for: input)
  }

  func product(_ x: Tensor, _ weight: Tensor, bias: Tensor?) -> Tensor {
    // x [N, C, H, W], weight [OUT, C, P, P]. The numbers of a patch are put into one row in the order
    // of channels-last memory. One matrix product is faster than the convolution, above all its
    // gradient.
    let (count, channels) = (x.shape[0], x.shape[1])
    let (rows, columns) = (x.shape[2] / size, x.shape[3] / size)
    let patches = x.permuted([0, 2, 3, 1])
      .reshaped([count, rows, size, columns, size, channels]).permuted([0, 1, 3, 2, 4, 5])
      .reshaped([count * rows * columns, size * size * channels])
    let flat = weight.permuted([0, 2, 3, 1]).reshaped([outputs, size * size * channels])
    return patches.linear(flat, bias: bias).reshaped([count, rows * columns, outputs])
  }
}

/// A learned token before the others, from which a transformer reads its answer: `classtoken`.
/// `[T, D]` → `[T + 1, D]`.
public struct ClassToken: Layer {
  public static let keyword = "classtoken"
  public let text = keyword

  public init(_ words: inout LayerWords) {}

  public func outputShape(of input: [Int]) throws -> [Int] {
    try requireTokens(input)
    return [input[0] + 1, input[1]]
  }

  public func parameters(for input: [Int]) -> [ParameterDescription] {
    let size = input[1]
    return [ParameterDescription("weight", [1, 1, size], .weight(inputs: size, outputs: size))]
  }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    behind(parameters["weight"], x)
  }

  public func bounds(_ inputs: Bounds, _ parameters: LayerParameters, _ pass: Pass) throws -> Bounds
  {
    let token = parameters["weight"]
    return Bounds(around: behind(token, inputs.center), by: behind(token * 0, inputs.radius))
  }

  /// x `[N, T, D]` behind a token `[1, 1, D]`.
  private func behind(_ token: Tensor, _ x: Tensor) -> Tensor {
    Tensor.concatenate([token.expanded([x.shape[0], 1, x.shape[2]]), x], along: 1)
  }
}

/// Adds to each token a learned vector that tells its position: `positions`. It has one vector for
/// each token, so the layer's parameters belong to pictures of one size.
public struct Positions: Layer {
  public static let keyword = "positions"
  public let text = keyword

  public init(_ words: inout LayerWords) {}

  public func outputShape(of input: [Int]) throws -> [Int] {
    try requireTokens(input)
    return input
  }

  public func parameters(for input: [Int]) -> [ParameterDescription] {
    [ParameterDescription("weight", [1] + input, .weight(inputs: input[1], outputs: input[1]))]
  }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    x + parameters["weight"]
  }

  public func bounds(_ inputs: Bounds, _ parameters: LayerParameters, _ pass: Pass) throws -> Bounds
  {
    Bounds(around: inputs.center + parameters["weight"], by: inputs.radius)
  }
}

/// One token as a row: the first, or the mean of all: `token first` or `token mean`. `[T, D]` →
/// `[D]`.
public struct Token: IncreasingLayer, LinearMap {
  public static let keyword = "token"
  public let isMean: Bool

  public init(_ words: inout LayerWords) throws {
    isMean = try words.choice("the token", of: ["first", "mean"]) == "mean"
  }

  public var text: String { isMean ? "token mean" : "token first" }

  public func outputShape(of input: [Int]) throws -> [Int] {
    try requireTokens(input)
    return [input[1]]
  }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    isMean ? x.mean([1]) : x.select(1, 0)
  }
}

/// Exchanges the two dimensions of tokens, so that the layers after it mix the tokens and not the
/// numbers of a token: `transpose`. `[T, D]` → `[D, T]`.
public struct Transpose: IncreasingLayer, LinearMap {
  public static let keyword = "transpose"
  public let text = keyword

  public init(_ words: inout LayerWords) {}

  public func outputShape(of input: [Int]) throws -> [Int] {
    try requireTokens(input)
    return [input[1], input[0]]
  }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    x.permuted([0, 2, 1])
  }
}
