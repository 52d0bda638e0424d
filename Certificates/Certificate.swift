import Attacks
import Foundation
import ModelCore
import Support

/// A method that proves, for single images, that no perturbation up to a size changes the class.
///
/// An attack finds how much robustness a model does not have; a certificate shows how much it has.
/// The true robust accuracy lies between the certified one and the one under the strongest attack.
///
/// To add a certificate, write one file with a type that conforms, and add one line to
/// `CertificateRegistry`.
public protocol Certificate: Sendable {
  /// The name on the command line and in experiment files.
  static var name: String { get }
  /// The name in the literature.
  static var title: String { get }
  /// A description of one line, for lists and help.
  static var summary: String { get }
  /// Whether the certificate is about a smoothed form of the classifier, and not about the
  /// classifier itself. Attacks on the classifier say nothing about such a certificate.
  static var isAboutSmoothed: Bool { get }

  /// Creates the method from settings. A setting that is not given keeps its default.
  /// - Throws: `Failure` if a setting has no valid value.
  init(_ settings: Settings) throws

  /// The settings in force. From these settings, `init` creates the same method again.
  var parameters: [String: String] { get }

  /// The norm that measures perturbations: ℓ∞ or ℓ2.
  var norm: Norm { get }

  /// Checks that the method can be used with a classifier.
  /// - Throws: `Failure`, which says what does not fit.
  func check(_ classifier: any Classifier) throws

  /// The most images that are certified together, out of the number that gradients can be taken of
  /// at once.
  func imagesAtOnce(of most: Int) -> Int

  /// Certifies images.
  ///
  /// The results of an image depend neither on the other images nor on their number, up to
  /// rounding.
  /// - Parameters:
  ///   - images: `[N, C, H, W]` or `[N, D]`.
  ///   - labels: the true classes, int64 `[N]`.
  ///   - region: where each image may change.
  ///   - radii: the sizes of perturbations that the caller asks for, ascending. A method may decide
  ///     for these sizes alone.
  ///   - draws: the random numbers, one row for each image.
  ///   - done: called with the number of images that are finished so far; may throw, to stop.
  /// - Throws: `Failure` if the classifier has a layer without bounds; what `done` throws.
  func certify(
    _ images: Tensor, labels: Tensor, in region: Region, radii: [Double],
    of classifier: any Classifier, draws: ExampleDraws, _ done: (Int) throws -> Void
  ) throws -> [CertifiedImage]
}

/// What a certificate says about one image.
public struct CertifiedImage: Codable, Equatable, Sendable {
  /// The class that is certified: that of the classifier or of its smoothed form; nil if the method
  /// abstains.
  public let prediction: Int?
  /// The size up to which no perturbation changes the class; nil if nothing is certified.
  public let radius: Double?

  public init(prediction: Int?, radius: Double?) {
    self.prediction = prediction
    self.radius = radius
  }

  /// Whether the image is certified to be classified as its label under every perturbation up to a
  /// size.
  public func isCertified(_ label: Int, within size: Double) -> Bool {
    prediction == label && (radius ?? -1) >= size
  }
}

extension Certificate {
  public static var isAboutSmoothed: Bool { false }
  public func check(_ classifier: any Classifier) throws {}
  // Bounds keep the intervals and the lines of all numbers of a network.
  public func imagesAtOnce(of most: Int) -> Int { max(1, most / 4) }
}

extension Certificate where Self: Configurable {
  public var parameters: [String: String] {
    Dictionary(uniqueKeysWithValues: settingValues.map { ($0.name, $0.value) })
  }
}

/// All certificates. One is known to the command line, to experiment files and to the tests once it
/// has its line here.
public enum CertificateRegistry {
  public static let all: [any Certificate.Type] = [
    IntervalCertificate.self,
    IntervalRelaxationCertificate.self,
    LinearRelaxationCertificate.self,
    RandomizedSmoothing.self,
  ]

  public static var names: [String] { all.map { $0.name } }

  /// The certificate with a name.
  /// - Throws: `Failure.usage`, with the nearest name as a hint.
  public static func type(named name: String) throws -> any Certificate.Type {
    guard let found = all.first(where: { $0.name == name.hyphenated }) else {
      throw Failure.usage("unknown certificate '\(name)'", hint: hint(for: name, among: names))
    }
    return found
  }
}
