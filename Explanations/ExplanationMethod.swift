import ModelCore
import Support

/// A method that says how much each feature of an input contributes to a model's answer.
///
/// To add a method, write one file with a type that conforms to this protocol, and add one line to
/// `ExplanationRegistry`.
///
/// A method explains a scalar of the model's logits (`ExplainedScalar`), which is one of its settings.
/// A positive number means that the feature raises the scalar, and a negative one that it lowers it.
public protocol ExplanationMethod: Sendable {
  /// The name on the command line.
  static var name: String { get }
  /// The name in the literature.
  static var title: String { get }
  /// A description of one line, for lists and help.
  static var summary: String { get }

  /// Creates the method from settings. A setting that is not given keeps its default.
  /// - Throws: `Failure` if a setting has no valid value.
  init(_ settings: Settings) throws

  /// The settings in force. From these settings, `init` creates the same method again.
  var parameters: [String: String] { get }

  /// The scalar that is explained.
  var scalar: ExplainedScalar { get }

  /// Whether the method needs gradients of the model.
  var usesGradients: Bool { get }

  /// Checks that the method can explain inputs of a shape.
  /// - Throws: `Failure.usage`, which says what does not fit.
  func check(_ shape: InputShape, _ background: Background) throws

  /// Explains all examples of a batch.
  func explain(_ batch: ExplainedBatch) -> Explanation
}

extension ExplanationMethod {
  public var usesGradients: Bool { true }
  public func check(_ shape: InputShape, _ background: Background) throws {}
}

extension ExplanationMethod where Self: Configurable {
  public var parameters: [String: String] {
    Dictionary(uniqueKeysWithValues: settingValues.map { ($0.name, $0.value) })
  }
}

/// The contributions of the features of some examples.
public struct Explanation: Sendable {
  /// The contribution of each feature, float32 in the shape of the examples.
  public let contributions: Tensor
  /// The completeness gap of each example, float32 `[N]`: by how much the sum of the contributions
  /// differs from the difference of the scalar that they should add up to. nil for methods whose
  /// contributions need not add up to anything.
  public let gaps: Tensor?

  public init(_ contributions: Tensor, gaps: Tensor? = nil) {
    self.contributions = contributions
    self.gaps = gaps
  }
}

extension Tensor {
  /// The contribution of each place of an example: for pictures `[N, C, H, W]` the sum over the
  /// channels of each pixel, `[N, H·W]`; for rows, `[N, D]`, the numbers themselves.
  public var perPlace: Tensor { rank == 4 ? sum([1]).flattened : self }
}
