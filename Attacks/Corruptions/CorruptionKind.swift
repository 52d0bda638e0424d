import ModelCore

/// The fifteen corruptions of ImageNet-C, in the order of the publication.
public enum CorruptionKind: String, Sendable, CaseIterable {
  case gaussianNoise = "gaussian-noise"
  case shotNoise = "shot-noise"
  case impulseNoise = "impulse-noise"
  case defocusBlur = "defocus-blur"
  case glassBlur = "glass-blur"
  case motionBlur = "motion-blur"
  case zoomBlur = "zoom-blur"
  case snow, frost, fog, brightness, contrast, elastic, pixelate, jpeg
}

/// What a corruption does to one picture `[C, H, W]` with values in [0, 1]: a picture in the same
/// shape, whose values are not yet clipped to this range. `draws` has one example.
typealias Corrupting = (_ x: Tensor, _ draws: ExampleDraws) -> Tensor

/// A kind of corruption at a severity, for pictures of a size. Its functions make what can be made
/// once for all pictures, such as windows and matrices, and return a `Corrupting` with it.
///
/// Each function states its strengths for the severities 1 to 5 in two rows: those of ImageNet-C
/// and those of CIFAR-10-C, as in the code that Hendrycks and Dietterich published.
struct CorruptionRecipe {
  static let severities = 1...5
  /// Pictures with a shorter side get the strengths of CIFAR-10-C.
  static let shortestSideOfPhotographs = 100

  let kind: CorruptionKind
  let severity: Int
  let height: Int
  let width: Int

  /// - Parameter severity: from 1 to 5.
  init(_ kind: CorruptionKind, severity: Int, height: Int, width: Int) {
    precondition(Self.severities.contains(severity), "expected a severity from 1 to 5")
    self.kind = kind
    self.severity = severity
    self.height = height
    self.width = width
  }

  var shorterSide: Int { min(height, width) }
  var isPhotograph: Bool { shorterSide >= Self.shortestSideOfPhotographs }

  /// The strength for the severity.
  func strength<Strength>(photographs: [Strength], small: [Strength]) -> Strength {
    (isPhotograph ? photographs : small)[severity - 1]
  }

  var corrupting: Corrupting {
    switch kind {
    case .gaussianNoise: gaussianNoise()
    case .shotNoise: shotNoise()
    case .impulseNoise: impulseNoise()
    case .defocusBlur: defocusBlur()
    case .glassBlur: glassBlur()
    case .motionBlur: motionBlur()
    case .zoomBlur: zoomBlur()
    case .snow: snow()
    case .frost: frost()
    case .fog: fog()
    case .brightness: brightness()
    case .contrast: contrast()
    case .elastic: elastic()
    case .pixelate: pixelate()
    case .jpeg: jpeg()
    }
  }
}

extension ExampleDraws {
  /// Uniform numbers for the only example, in `shape`.
  func uniformOfOne(_ shape: [Int], in range: Range<Double> = 0..<1) -> Tensor {
    uniform(shape, in: range).select(0, 0)
  }

  /// A uniform number for the only example.
  func uniformOfOne(in range: Range<Double>) -> Double { uniform(in: range).scalar }

  /// Standard normal numbers for the only example, in `shape`.
  func normalOfOne(_ shape: [Int]) -> Tensor { normal(shape).select(0, 0) }
}
