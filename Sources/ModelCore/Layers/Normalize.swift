import Support

/// (x − M) / S for each channel, with one M and one S for each: `normalize mean M,M,M std S,S,S`.
///
/// It is a layer of the network, and not a step of loading data, so that budgets are in the units
/// of the original pixels.
public struct Normalize: IncreasingLayer {
  public static let keyword = "normalize"
  public let mean: [Double]
  public let deviation: [Double]

  public init(_ words: inout LayerWords) throws {
    guard words.take("mean") else { throw Failure.badData("normalize: 'mean M,M,M' is missing") }
    mean = try words.numbers("mean")
    guard words.take("std") else { throw Failure.badData("normalize: 'std S,S,S' is missing") }
    deviation = try words.numbers("std")
    guard deviation.count == mean.count, deviation.allSatisfy({ $0 > 0 }) else {
      throw Failure.badData(
        "normalize: std must be as many positive numbers as there are in mean (\(mean.count))")
    }
  }

  public var text: String {
    func list(_ numbers: [Double]) -> String { numbers.map { "\($0)" }.joined(separator: ",") }
    return "normalize mean \(list(mean)) std \(list(deviation))"
  }

  public func outputShape(of input: [Int]) throws -> [Int] {
    try refuseTokens(input)
    guard input[0] == mean.count else {
      throw Failure.badData(
        "'normalize' has numbers for \(mean.count) channels, the input has \(input[0]) channels"
      )
    }
    return input
  }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    (x - perChannel(mean, like: x)) / perChannel(deviation, like: x)
  }

  /// Both parts divided by S, and −M / S as a bias.
  public func contributions(
    _ inputs: Contributions, _ parameters: LayerParameters, _ pass: Pass
  ) throws -> Contributions {
    let bias = zip(mean, deviation).map { Float(-$0 / $1) }
    return inputs.mapped { $0 / perChannel(deviation, like: $0) }
      .sharing(Tensor(bias, shape: [bias.count]).to(inputs.relevant.device))
  }

  /// One number for each channel of x `[N, C, …]`, as `[1, C, 1, …]`.
  private func perChannel(_ numbers: [Double], like x: Tensor) -> Tensor {
    Tensor(
      numbers.map(Float.init),
      shape: [1, numbers.count] + [Int](repeating: 1, count: x.rank - 2)
    ).to(x.device)
  }
}
