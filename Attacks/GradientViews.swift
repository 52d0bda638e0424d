import Foundation
import ModelCore
import Support

/// Makes one estimate of a gradient out of another, so that what follows it transfers better.
public protocol GradientView: Sendable {
  /// Its name on the command line and in experiment files.
  static var name: String { get }
  /// Whether an estimate depends on earlier ones.
  static var hasMemory: Bool { get }
  /// Whether it is defined for pictures only.
  static var needsPictures: Bool { get }

  /// With the published values.
  init()

  /// The estimate for the way of one batch through an attack; what it remembers it remembers for
  /// that way only.
  func estimate(_ inner: GradientEstimate, within threat: ThreatModel) -> GradientEstimate
}

extension GradientView {
  public static var hasMemory: Bool { false }
  public static var needsPictures: Bool { false }
}

/// Every view, one line each, in the order they are applied: the first is the outermost.
public enum GradientViews {
  public static let all: [any GradientView.Type] = [
    VarianceTuning.self,
    TranslationInvariance.self,
    ScaleInvariance.self,
    InputDiversity.self,
  ]
}

/// Input diversity: with a probability, the gradient is taken through a random enlargement and
/// padding, brought back to the image's size. Xie et al., 2019.
public struct InputDiversity: GradientView {
  public static let name = "di"
  public static let needsPictures = true
  public let probability: Double
  /// The largest enlargement.
  public let scale: Double

  public init() { self.init(probability: 0.5) }

  public init(probability: Double, scale: Double = 1.15) {
    self.probability = probability
    self.scale = scale
  }

  public func estimate(
    _ inner: GradientEstimate, within threat: ThreatModel
  ) -> GradientEstimate {
    GradientEstimate { x, draws, view in
      guard draws.purpose("whether").sharedUniform() < probability else {
        return inner(x, draws, through: view)
      }
      // x [N, C, H, W]; all images share the enlargement of a step.
      let (height, width) = (x.shape[2], x.shape[3])
      let large = (
        height: Int((Double(height) * scale).rounded(.up)),
        width: Int((Double(width) * scale).rounded(.up))
      )
      let draw = { (purpose: String, bound: Int) in
        draws.purpose(purpose).sharedInteger(below: bound)
      }
      let grown = (
        height: height + draw("height", large.height - height + 1),
        width: width + draw("width", large.width - width + 1)
      )
      let top = draw("top", large.height - grown.height + 1)
      let left = draw("left", large.width - grown.width + 1)
      return inner(x, draws) { image in
        let padded = image.resized(height: grown.height, width: grown.width).padded(
          left: left, right: large.width - grown.width - left, top: top,
          bottom: large.height - grown.height - top)
        return view(padded.resized(height: height, width: width))
      }
    }
  }
}

/// Translation invariance: the gradient smoothed by a Gaussian, as if summed over shifted images.
/// Dong et al., 2019.
public struct TranslationInvariance: GradientView {
  public static let name = "ti"
  public static let needsPictures = true
  /// The side of the smoothing window, odd.
  public let kernel: Int
  /// Its standard deviation in pixels.
  public let deviation: Double

  public init() { self.init(kernel: 7) }

  public init(kernel: Int, deviation: Double = 3) {
    self.kernel = kernel
    self.deviation = deviation
  }

  public func estimate(
    _ inner: GradientEstimate, within threat: ThreatModel
  ) -> GradientEstimate {
    GradientEstimate { x, draws, view in
      let channels = x.shape[1]
      let offsets = (0..<kernel).map { Double($0 - kernel / 2) / deviation }
      let line = offsets.map { exp(-$0 * $0 / 2) }
      let total = line.reduce(0, +)
      let weights = line.flatMap { a in line.map { Float(a * $0 / (total * total)) } }
      let filter = Tensor(weights, shape: [1, 1, kernel, kernel]).expanded([
        channels, 1, kernel, kernel,
      ]).to(x.device)
      let half = kernel / 2
      let window = Window(kernel: Pair(kernel, kernel), padding: Pair(half, half))
      return inner(x, draws, through: view).convolved(
        filter.contiguous, bias: nil, window: window, groups: channels)
    }
  }
}

/// Scale invariance: the mean gradient over x, x/2, x/4, …. Lin et al., 2020.
public struct ScaleInvariance: GradientView {
  public static let name = "si"
  public let copies: Int

  public init() { self.init(copies: 5) }

  public init(copies: Int) {
    self.copies = copies
  }

  public func estimate(
    _ inner: GradientEstimate, within threat: ThreatModel
  ) -> GradientEstimate {
    GradientEstimate { x, draws, view in
      let gradients = (0..<copies).map { copy in
        inner(x, draws.purpose("copy \(copy)")) { view($0 * pow(0.5, Double(copy))) }
      }
      return gradients.dropFirst().reduce(gradients[0]) { $0 + $1 } / Double(copies)
    }
  }
}
