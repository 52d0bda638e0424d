import Foundation
import Support

/// Brings each image to mean 0 and standard deviation 1 over all of its numbers: `standardize`.
///
///     y = (x − μ) / max(σ, 1/√D)
///
/// μ and σ are the mean and the standard deviation of the D numbers of one image. The lower bound
/// of σ is that of TensorFlow's `per_image_standardization`; a constant image becomes 0.
///
/// It is a layer of the network, and not a step of loading data, so that budgets are in the units
/// of the original pixels and attacks differentiate through it.
public struct Standardize: Layer {
  public static let keyword = "standardize"

  public init(_ words: inout LayerWords) throws {}

  public var text: String { Self.keyword }

  public func outputShape(of input: [Int]) throws -> [Int] { input }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    // x [N, …]; all statistics [N, 1, …]
    let axes = Array(1..<x.rank)
    let moved = x - x.mean(axes, keep: true)
    let least = 1 / Double(x.shape.dropFirst().reduce(1, *))
    // The bound is applied before the root, since the root has no derivative at 0.
    return moved / moved.square.mean(axes, keep: true).maximum(least).squareRoot
  }
}

/// Local contrast normalisation of pictures, over all channels together: `localcontrast kernel K
/// sigma S`.
///
///     v = x − Σ w·x,   σ = √(Σ w·v²),   y = v / max(σ, ⟨σ⟩, 1e-4)
///
/// The sums run over a K x K window around each pixel and over all channels. Pixels outside the
/// picture count as 0. The weights w are a Gaussian with standard deviation S, in pixels; their sum
/// is 1. ⟨σ⟩ is the mean of σ over the picture. K is odd and at most 101.
///
/// Source: Jarrett, Kavukcuoglu, Ranzato & LeCun, 2009.
public struct LocalContrast: Layer {
  public static let keyword = "localcontrast"
  public let kernel: Int
  public let sigma: Double

  public init(_ words: inout LayerWords) throws {
    guard words.take("kernel") else {
      throw Failure.badData("localcontrast: 'kernel K' is missing")
    }
    kernel = try words.count("the kernel")
    guard words.take("sigma") else { throw Failure.badData("localcontrast: 'sigma S' is missing") }
    sigma = try words.number("sigma")
    guard kernel % 2 == 1, kernel <= 101, sigma > 0 else {
      throw Failure.badData(
        "localcontrast: the kernel must be odd and at most 101, and sigma must be above 0; "
          + "found kernel \(kernel) and sigma \(sigma)")
    }
  }

  public var text: String { "\(Self.keyword) kernel \(kernel) sigma \(sigma)" }

  public func outputShape(of input: [Int]) throws -> [Int] {
    try requirePicture(input)
    return input
  }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    // x [N, C, H, W]; surroundings, deviation [N, 1, H, W]
    let weight = weights(channels: x.shape[1]).to(x.type).to(x.device)
    let window = Window(kernel: Pair(kernel, kernel), padding: Pair(kernel / 2, kernel / 2))
    let moved = x - x.convolved(weight, bias: nil, window: window)
    let deviation = moved.square.convolved(weight, bias: nil, window: window).maximum(1e-8)
      .squareRoot
    return moved / deviation.maximum(deviation.mean([1, 2, 3], keep: true))
  }

  /// The weights w for C channels: float32 `[1, C, K, K]`, with sum 1.
  private func weights(channels: Int) -> Tensor {
    let line = (0..<kernel).map { exp(-pow(Double($0 - kernel / 2) / sigma, 2) / 2) }
    let sum = Double(channels) * pow(line.reduce(0, +), 2)
    let plane = line.flatMap { row in line.map { Float(row * $0 / sum) } }
    return Tensor((0..<channels).flatMap { _ in plane }, shape: [1, channels, kernel, kernel])
  }
}
