import Foundation
import ModelCore
import Support

/// The data set `iris-cancer`: two data sets side by side, so that either half of the features
/// suffices to tell the classes apart.
///
/// Each of the 100 rows has the 4 features of a flower and the 30 features of a tumour, in their raw
/// scales and with the names of scikit-learn's columns. Class 0 has the 50 flowers of the species
/// versicolor beside the first 50 malignant tumours, class 1 the 50 of the species virginica beside
/// the first 50 benign ones. A split at random, one for each number of the option `split`, takes 33
/// rows as the test set. The word `repetition` in place of a number stands for the number of an
/// experiment's repetition. The masks mark the four features of the flowers. With `iris=out` these
/// features are 0 in the test set, which shows how much a model depends on them. With `iris=both` the
/// test set has its rows twice, first as they are and then without the flowers, and its two groups
/// tell which is which.
///
/// Sources: R. Fisher, "Iris" (1936); W. Wolberg, O. Mangasarian, N. Street and W. Street, "Breast
/// Cancer Wisconsin (Diagnostic)" (1993), both from the UCI Machine Learning Repository, licensed
/// under CC BY 4.0, as scikit-learn has them; put together by A. Ross, M. Hughes and F. Doshi-Velez,
/// "Right for the Right Reasons" (2017).
struct IrisCancer: GeneratedData {
  static let entry = DatasetEntry(
    name: "iris-cancer",
    summary: "4 features of flowers beside 30 of tumours, a table of 100 rows",
    classNames: ["versicolor and malignant", "virginica and benign"],
    shape: InputShape(features: 34), counts: [.train: 67, .test: 33],
    format: .generated(IrisCancer.self), origin: .none, files: [])

  /// The test set that the option `iris` chooses.
  enum Iris: String, CaseIterable {
    /// All features as they are.
    case `in`
    /// The features of the flowers are 0 in the test set.
    case out
    /// Both of these test sets, as two groups.
    case both
  }

  static let irisFeatures = 4
  /// The smallest and the largest number in the table. All features share this range.
  static let valueRange = 0.0...2615.0
  private static let testRows = 33

  private let split: Int
  private let iris: Iris

  init(_ options: Settings) throws {
    let meaning = "the number of the random split, or the word repetition"
    split =
      options.value("split", meaning)?.value == .scalar(DataReference.repetitionWord)
      ? 1 : try options.int("split", default: 1, in: 1...1_000_000, meaning)
    let word = try options.choice(
      "iris", of: Iris.allCases.map(\.rawValue), default: Iris.in.rawValue,
      "the features of the flowers in the test set: in, out, or both one after the other")
    iris = Iris(rawValue: word)!
  }

  func load(_ part: Split, name: String, from folder: URL) throws -> LabelledImages {
    // rows, masks [N, 34]
    let order = Self.randomOrder("split \(split)", count: 100)
    let chosen = part == .test ? order.prefix(Self.testRows) : order.dropFirst(Self.testRows)
    let table = Self.table
    let rows = chosen.map { table[$0] }
    let without = rows.map { row in
      [Float](repeating: 0, count: Self.irisFeatures) + row.dropFirst(Self.irisFeatures)
    }
    // The training set always has all features, and belongs to the group that has them.
    let versions: [(group: Int64, rows: [[Float]])] =
      switch (part, iris) {
      case (.test, .out): [(1, without)]
      case (.test, .both): [(0, rows), (1, without)]
      default: [(0, rows)]
      }
    let values = versions.flatMap(\.rows)
    let features = Self.entry.shape.count
    let mask = (0..<features).map { UInt8($0 < Self.irisFeatures ? 1 : 0) }
    return try LabelledImages(
      name: name, classNames: Self.entry.classNames,
      pixels: Tensor(values.flatMap { $0 }, shape: [values.count, features]),
      labels: versions.flatMap { _ in chosen.map { Int64($0 / 50) } },
      groups: iris == .both
        ? versions.flatMap { version in version.rows.map { _ in version.group } } : nil,
      groupNames: iris == .both ? ["Iris in", "Iris out"] : nil,
      masks: Tensor(mask, shape: [1, features]).expanded([values.count, features]),
      valueRange: Self.valueRange
    ).naming(features: Self.featureNames)
  }

  private static let lines = String(decoding: PackageResources.iris_cancer_csv, as: UTF8.self)
    .split(separator: "\n")

  /// The names of the 34 features, those of the columns of scikit-learn's tables.
  static let featureNames = lines[0].split(separator: ",").map(String.init)

  /// The 100 rows of 34 features, 50 of class 0 and then 50 of class 1.
  static let table: [[Float]] = lines.dropFirst().map {
    $0.split(separator: ",").map { Float($0)! }
  }
}
