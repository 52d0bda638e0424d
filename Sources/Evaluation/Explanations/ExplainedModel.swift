import Explanations
import Foundation
import Support

/// How far the explanations of a model can be trusted, as a grid holds it.
public struct ExplainedModel: Codable, Equatable, Sendable {
  public let model: String
  /// The digest of everything that the explanations depend on, which their file has, too.
  public let request: String
  /// The methods, in the order of the experiment.
  public let methods: [Method]
  /// The class that is explained in place of the predicted one; nil for the predicted one.
  public let explained: String?
  /// The number of features that were compared.
  public let top: Int
  /// The number of examples on which the trust was measured.
  public let trusted: Int
  public let measures: [TrustMeasure]
  /// The set-up that computed the explanations, on which their times depend.
  public let computed: ComputationRecord

  /// A method and what it explains.
  public struct Method: Codable, Equatable, Sendable {
    public let name: String
    /// The name in the literature.
    public let title: String
    /// What the method computes, in one line.
    public let summary: String
    /// The explained score in words: "the probability of the predicted class".
    public let score: String

    public init(name: String, title: String, summary: String, score: String) {
      self.name = name
      self.title = title
      self.summary = summary
      self.score = score
    }

    init(_ named: NamedExplanation, explained: String?) {
      name = named.name
      title = type(of: named.method).title
      summary = type(of: named.method).summary
      score = named.method.scalar.words(
        label: "the true class", explained: explained.map { "'\($0)'" } ?? "the predicted class")
    }
  }

  public init(
    model: String, request: String, methods: [Method], explained: String?, top: Int, trusted: Int,
    measures: [TrustMeasure], computed: ComputationRecord
  ) {
    self.model = model
    self.request = request
    self.methods = methods
    self.explained = explained
    self.top = top
    self.trusted = trusted
    self.measures = measures
    self.computed = computed
  }

  /// The mean of a measure of a method, or of two methods; nil if it was not measured.
  public func mean(_ measure: TrustName, _ method: String, with other: String? = nil) -> Double? {
    measures.first {
      $0.measure == measure.rawValue && $0.method == method && $0.with == other
    }?.mean
  }
}

extension Double {
  /// The number with six significant digits.
  package var sixDigits: String { String(format: "%.6g", self) }
}

extension [ExplainedModel] {
  /// The measures as a table, `explanation-trust.csv`.
  func csv() -> String {
    var table = CSV(header: "model,method,measure,with,mean,standard_deviation,examples")
    for model in self {
      for line in model.measures {
        table.append([
          model.model, line.method, line.measure, line.with ?? "",
          line.mean.sixDigits, line.deviation.sixDigits, "\(line.examples)",
        ])
      }
    }
    return table.text
  }
}
