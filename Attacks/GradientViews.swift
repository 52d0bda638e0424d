import Foundation
import ModelCore
import Support

/// A method that makes a new estimate of a gradient from another one, so that the adversarial
/// examples transfer better to other models.
///
/// To add a view, write a type that conforms to this protocol, and add one line to `GradientViews`.
public protocol GradientView: Sendable {
  /// The name in settings.
  static var name: String { get }
  /// Whether an estimate depends on the estimates of earlier steps.
  static var hasMemory: Bool { get }
  /// Whether the view is defined for pictures only, and not for rows of a table.
  static var needsPictures: Bool { get }

  /// Whether the view changes the layers of the attacked network, so that the model must be one
  /// whose layers are known.
  static var needsLayers: Bool { get }
  /// The number of training images that the view mixes into the attacked ones; 0 for none.
  static var sampleSize: Int { get }

  /// How many gradients of the inner estimate one estimate takes.
  var gradients: Int { get }

  /// Creates the view with the published values.
  init()

  /// The new estimate, for one run of an attack on a batch.
  /// - Parameter inner: the estimate that the new one is made from.
  func estimate(_ inner: GradientEstimate, within threat: ThreatModel) -> GradientEstimate

  /// The classifier whose gradient one pass takes, in place of the attacked one.
  /// - Parameter draws: random numbers of this pass only, one row for each image.
  func altered(_ classifier: any Classifier, _ draws: ExampleDraws) -> any Classifier

  /// The same view, with training images to mix in.
  /// - Parameter images: `[P, …]`, on the device of the attacked images.
  func mixing(_ images: Tensor) -> Self
}

extension GradientView {
  public static var hasMemory: Bool { false }
  public static var needsPictures: Bool { false }
  public static var needsLayers: Bool { false }
  public static var sampleSize: Int { 0 }
  public var gradients: Int { 1 }

  public func altered(_ classifier: any Classifier, _ draws: ExampleDraws) -> any Classifier {
    classifier
  }
  public func mixing(_ images: Tensor) -> Self { self }
}

extension GradientEstimate {
  /// The mean of the gradients of several copies of the images, or of points near them.
  /// - Parameter gradient: the gradient of a copy, by its number.
  static func mean(over copies: Int, _ gradient: (_ copy: Int) -> Tensor) -> Tensor {
    (1..<copies).reduce(gradient(0)) { $0 + gradient($1) } / Double(copies)
  }
}

/// All views, in the order in which they are applied: the first one is the outermost.
public enum GradientViews {
  public static let all: [any GradientView.Type] = [
    VarianceTuning.self,
    PenalizedGradientNorm.self,
    TranslationInvariance.self,
    ScaleInvariance.self,
    Admix.self,
    SpectrumSimulation.self,
    StructureInvariance.self,
    BlockShuffle.self,
    InputDiversity.self,
    GhostNetworks.self,
  ]
}

/// Input diversity: with some probability, the gradient of a step is taken through a random
/// enlargement of the images.
///
/// The images are resized to a random larger size, padded with zeros to the largest size, with the
/// images at a random place, and resized back to their own size. Source: C. Xie et al. (2019).
public struct InputDiversity: GradientView {
  public static let name = "di"
  public static let needsPictures = true
  /// The probability that a step uses the enlargement.
  public let probability: Double
  /// The largest size, in units of the images' size.
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
      // x [N, C, H, W]. All images of a step share the enlargement. Its random numbers do not
      // depend on the batch, and so neither does the result of an image.
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

/// Translation invariance: the gradient is smoothed by a Gaussian window.
///
/// Smoothing it approximates the mean of the gradients for shifted copies of the images, weighted
/// by the window, at the cost of one gradient. Source: Y. Dong et al. (2019), with the window of
/// their program: 15 pixels wide, so that it reaches three standard deviations to each side.
public struct TranslationInvariance: GradientView {
  public static let name = "ti"
  public static let needsPictures = true
  /// The side of the window in pixels, an odd number.
  public let kernel: Int
  /// The standard deviation of the Gaussian in pixels.
  public let deviation: Double

  public init() { self.init(kernel: 15, deviation: 7.0 / 3) }

  public init(kernel: Int, deviation: Double) {
    self.kernel = kernel
    self.deviation = deviation
  }

  public func estimate(
    _ inner: GradientEstimate, within threat: ThreatModel
  ) -> GradientEstimate {
    GradientEstimate { x, draws, view in
      let offsets = (0..<kernel).map { Double($0 - kernel / 2) / deviation }
      let line = offsets.map { exp(-$0 * $0 / 2) }
      let total = line.reduce(0, +)
      let weights = line.flatMap { a in line.map { Float(a * $0 / (total * total)) } }
      return inner(x, draws, through: view).filtered(by: weights, side: kernel)
    }
  }
}

/// Scale invariance: the mean of the gradients at x, x/2, x/4, …. Source: J. Lin et al. (2020).
public struct ScaleInvariance: GradientView {
  public static let name = "si"
  /// The number of scales.
  public let copies: Int
  public var gradients: Int { copies }

  public init() { self.init(copies: 5) }

  public init(copies: Int) {
    self.copies = copies
  }

  public func estimate(
    _ inner: GradientEstimate, within threat: ThreatModel
  ) -> GradientEstimate {
    GradientEstimate { x, draws, view in
      GradientEstimate.mean(over: copies) { copy in
        inner(x, draws.purpose("copy \(copy)")) { view($0 * pow(0.5, Double(copy))) }
      }
    }
  }
}

extension Tensor {
  /// Images whose channels are each filtered by the same square window, with zeros around them.
  /// - Parameters:
  ///   - weights: the side × side weights, row by row.
  ///   - side: an odd number.
  func filtered(by weights: [Float], side: Int) -> Tensor {
    // self [N, C, H, W], filter [C, 1, side, side]
    let channels = shape[1]
    let one = Tensor(weights, shape: [1, 1, side, side])
    let filter = one.expanded([channels, 1, side, side]).to(device).contiguous
    let half = side / 2
    let window = Window(kernel: Pair(side, side), padding: Pair(half, half))
    return convolved(filter, bias: nil, window: window, groups: channels)
  }
}
