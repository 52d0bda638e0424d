import Attacks
import Support

/// The errors of models on pictures with common corruptions, and the mean corruption error (mCE)
/// relative to the first model of the grid.
public struct CorruptionErrors: Equatable, Sendable {
  /// The kinds of corruption in the order of the publication.
  public let kinds: [CorruptionKind]
  /// The severities above 0 that all kinds were made with.
  public let severities: [Double]
  /// The models in the order of the grid. The first one is the baseline.
  public let models: [String]
  /// The share of wrong predictions by model, kind and severity.
  private let errors: [[CorruptionKind: [Double]]]

  /// - Returns: nil if the grid has no corruptions, or if they have no severity in common.
  init?(_ grid: Grid) {
    let made = grid.provenance.attacks.compactMap { record -> (CorruptionKind, String)? in
      guard record.parameters["attack"] == Corruption.name,
        let kind = record.parameters["kind"].flatMap(CorruptionKind.init)
      else { return nil }
      return (kind, record.name)
    }
    let attacks = Dictionary(made, uniquingKeysWith: { first, _ in first })
    let common = attacks.values.map { Set(grid.epsilons(for: $0).filter { $0 > 0 }) }
    guard let first = common.first else { return nil }
    severities = common.dropFirst().reduce(first) { $0.intersection($1) }.sorted()
    guard !severities.isEmpty else { return nil }
    kinds = CorruptionKind.allCases.filter { attacks[$0] != nil }
    models = grid.models
    let severities = severities
    errors = models.map { model in
      attacks.mapValues { attack in
        severities.compactMap { severity in
          // A corruption uses no model, so one source is as good as another; the model's own exists
          // in every grid.
          grid.cell(attack: attack, epsilon: severity, source: model, victim: model).map {
            1 - $0.accuracy
          }
        }
      }
    }
  }

  /// The mean error of a model over the severities of a kind, or over all kinds.
  public func error(of model: Int, _ kind: CorruptionKind? = nil) -> Double {
    let all = (kind.map { [$0] } ?? kinds).flatMap { errors[model][$0] ?? [] }
    return all.isEmpty ? 0 : all.reduce(0, +) / Double(all.count)
  }

  /// The corruption error of a kind relative to the baseline; nil if the baseline makes no error.
  public func relative(of model: Int, _ kind: CorruptionKind) -> Double? {
    MeanCorruptionError.corruptionError(
      errors[model][kind] ?? [], baseline: errors[0][kind] ?? [])
  }

  /// The mean corruption error relative to the baseline; nil if the baseline makes no error in one
  /// of the kinds.
  public func meanRelative(of model: Int) -> Double? {
    MeanCorruptionError.mean(errors[model], baseline: errors[0])
  }

  /// The errors as a table, `corruptions.csv`, with a row for each model and kind, and one for the
  /// mean over the kinds.
  func csv() -> String {
    var table = CSV(header: "model,kind,severities,error,baseline,relative_error")
    let list = severities.map(\.plainDecimal).joined(separator: " ")
    func text(_ number: Double?) -> String { number?.roundedToMillionths.plainDecimal ?? "" }
    for (place, model) in models.enumerated() {
      for kind in kinds {
        table.append([
          model, kind.rawValue, list, text(error(of: place, kind)), models[0],
          text(relative(of: place, kind)),
        ])
      }
      table.append([
        model, "mean", list, text(error(of: place)), models[0], text(meanRelative(of: place)),
      ])
    }
    return table.text
  }
}

extension Grid {
  /// The errors on corrupted pictures; nil if the grid has no corruptions.
  public var corruptionErrors: CorruptionErrors? { CorruptionErrors(self) }
}
