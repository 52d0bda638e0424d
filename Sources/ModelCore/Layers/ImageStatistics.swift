import Foundation
import Support

/// Each image with mean 0 and standard deviation 1 over all of its pixels: `standardize`.
///
/// (x − μ) / max(σ, 1/√D), the least σ being that of TensorFlow's `per_image_standardization`, so
/// that a constant image becomes 0. A layer, so that budgets stay in pixels and attacks go through
/// it.
public struct Standardize: Layer {
  public static let keyword = "standardize"

  public init(_ words: inout LayerWords) throws {}

  public var text: String { Self.keyword }

  public func outputShape(of input: [Int]) throws -> [Int] { input }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    // x [N, C, H, W]
    let axes = Array(1..<x.rank)
    let moved = x - x.mean(axes, keep: true)
    let least = 1 / Double(x.shape.dropFirst().reduce(1, *))
    // The root is taken of what is at least the least: at 0 it has no derivative.
    return moved / moved.square.mean(axes, keep: true).maximum(least).squareRoot
  }
}

/// Local contrast normalisation: `localcontrast kernel K sigma S`, of all channels together.
///
/// With w a K x K Gaussian of standard deviation S that sums to 1 over the channels and zero beyond
/// the border: v = x − Σ w x, σ = √Σ w v², and v / max(σ, mean of σ over the image, 1e-4). Jarrett,
/// Kavukcuoglu, Ranzato & LeCun, 2009.
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
        "localcontrast: the kernel must be odd and at most 101, and sigma above 0")
    }
  }

  public var text: String { "\(Self.keyword) kernel \(kernel) sigma \(sigma)" }

  public func outputShape(of input: [Int]) throws -> [Int] {
    guard input.count == 3 else {
      throw Failure.badData(
        "localcontrast takes images, and not \(input)", hint: "it stands before 'flatten'")
    }
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

  /// float32 `[1, C, K, K]`, of sum 1.
  private func weights(channels: Int) -> Tensor {
    let line = (0..<kernel).map { exp(-pow(Double($0 - kernel / 2) / sigma, 2) / 2) }
    let sum = Double(channels) * pow(line.reduce(0, +), 2)
    let plane = line.flatMap { row in line.map { Float(row * $0 / sum) } }
    return Tensor((0..<channels).flatMap { _ in plane }, shape: [1, channels, kernel, kernel])
  }
}
