import Datasets
import Support

/// The test examples on which models that are right for different reasons disagree. A person who
/// labels a few of them says which reasons count.
public struct Disagreements: Codable, Equatable, Sendable {
  /// The names of the models.
  public let models: [String]
  public let examples: [Example]

  /// An example on which at least two models predict different classes.
  public struct Example: Codable, Equatable, Sendable {
    /// Its place in the test data.
    public let index: Int
    public let label: Int
    /// The class that each model predicts.
    public let predictions: [Int]
  }

  private init(models: [String], examples: [Example]) {
    self.models = models
    self.examples = examples
  }

  /// The first examples.
  func first(_ count: Int) -> Disagreements {
    Disagreements(models: models, examples: Array(examples.prefix(count)))
  }

  /// - Parameters:
  ///   - models: the name of each model, and the class that it predicts for each test example.
  ///   - labels: the class of each example.
  init(_ models: [(name: String, predictions: [Int])], labels: [Int]) {
    self.models = models.map(\.name)
    examples = labels.indices.compactMap { index in
      let predictions = models.map { $0.predictions[index] }
      guard Set(predictions).count > 1 else { return nil }
      return Example(index: index, label: labels[index], predictions: predictions)
    }
  }

  /// The examples as a table, `disagreements.csv`, with a column for each model.
  func csv() -> String {
    var table = CSV(header: (["index", "label"] + models).joined(separator: ","))
    for example in examples {
      table.append(([example.index, example.label] + example.predictions).map(String.init))
    }
    return table.text
  }
}
