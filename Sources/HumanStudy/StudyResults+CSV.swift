import Foundation
import Support

/// The results of a study as tables for programs: `results.csv` and `comparisons.csv`.
extension StudyResults {
  static let csvColumns = [
    "source", "attack", "epsilon", "measure", "count", "answers", "share", "wilson_low",
    "wilson_high", "bootstrap_low", "bootstrap_high", "participants", "pictures", "images",
    "median_ms",
  ]

  /// `results.csv`: one row for each condition and measure.
  public var csv: String {
    var table = CSV(header: Self.csvColumns.joined(separator: ","))
    for result in conditions {
      for (name, share) in [
        ("fooled", result.fooled), ("reasonable", result.reasonable), ("original", result.original),
      ] {
        let numbers = ([share.share] + share.wilson).map { $0.roundedToMillionths.plainDecimal }
        let bootstrap = (share.bootstrap ?? []).map { $0.roundedToMillionths.plainDecimal }
        let condition = result.condition
        table.append(
          [
            condition.source, condition.attack, condition.budget, name,
            "\(share.count)", "\(share.of)",
          ] + numbers + (bootstrap.isEmpty ? ["", ""] : bootstrap) + [
            "\(result.participants)", "\(result.pictures)", "\(result.images)",
            result.medianMilliseconds?.roundedToMillionths.plainDecimal ?? "",
          ])
      }
    }
    return table.text
  }

  static let comparisonColumns = [
    "measure", "first_source", "first_attack", "first_epsilon", "second_source", "second_attack",
    "second_epsilon", "difference", "bootstrap_low", "bootstrap_high", "bootstrap_p", "log_odds",
    "standard_error", "mixed_p", "intercept_p", "fisher_p", "people_sd", "people_effect_sd",
    "people_correlation", "images_sd", "images_effect_sd", "notes",
  ]

  /// `comparisons.csv`: one row for each measure and two conditions. What does not exist is empty.
  var comparisonCSV: String {
    var table = CSV(header: Self.comparisonColumns.joined(separator: ","))
    for comparison in comparisons {
      let conditions = [comparison.first, comparison.second].flatMap {
        [$0.source, $0.attack, $0.budget]
      }
      let interval = (comparison.bootstrap ?? []).map { $0.roundedToMillionths.plainDecimal }
      let (people, images) = (comparison.participants, comparison.images)
      table.append(
        [comparison.measure] + conditions + [comparison.difference.roundedToMillionths.plainDecimal]
          + (interval.isEmpty ? ["", ""] : interval) + [comparison.bootstrapP?.plainDecimal ?? ""]
          + [comparison.logOdds, comparison.standardError].map(Self.field)
          + [comparison.mixedP, comparison.interceptP, comparison.fisherP].map {
            $0?.plainDecimal ?? ""
          }
          + [
            people?.intercept, people?.slope, people?.correlation, images?.intercept, images?.slope,
          ].map(Self.field) + [(comparison.notes ?? []).joined(separator: " ")])
    }
    return table.text
  }

  private static func field(_ number: Double?) -> String {
    number?.roundedToMillionths.plainDecimal ?? ""
  }
}
