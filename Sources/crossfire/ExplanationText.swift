import Explanations
import Foundation
import Support

/// The measures as tables for a terminal.
func explanationText(_ result: ExplanationTask.Result, out: String) -> String {
  func mean(_ name: TrustName, _ method: String, _ other: String? = nil) -> String {
    let found = result.measures.first {
      $0.measure == name.rawValue && $0.method == method && $0.with == other
    }
    return found.map { number($0.mean) } ?? "-"
  }
  func number(_ value: Double) -> String { String(format: "%.3f", value) }
  let columns: [(String, TrustName)] = [
    ("stability", .stability), ("deletion", .deletionArea), ("insertion", .insertionArea),
    ("last reset", .lastLayerReset), ("all reset", .allLayersReset), ("in mask", .shareInMask),
    ("gap", .completenessGap),
  ].filter { column in result.measures.contains { $0.measure == column.1.rawValue } }
  let names = result.secondsPerExample.keys.sorted {
    result.secondsPerExample[$0] ?? 0 < result.secondsPerExample[$1] ?? 0
  }
  var table = TextTable(["method", "ms per example"] + columns.map(\.0))
  for name in names {
    table.add(
      [name, ((result.secondsPerExample[name] ?? 0) * 1000).twoDigits]
        + columns.map { mean($0.1, name) })
  }
  if result.trusted > 0 {
    let random = ExplanationTrust.randomOrder
    table.add([random, "-"] + columns.map { mean($0.1, random) })
  }
  var parts = [table.text]
  let pairs = result.measures.filter { $0.measure == TrustName.rankCorrelation.rawValue }
  if !pairs.isEmpty {
    var agreement = TextTable(["methods", "rank correlation", "top overlap"])
    for pair in pairs {
      agreement.add([
        "\(pair.method), \(pair.with ?? "")", number(pair.mean),
        mean(.topOverlap, pair.method, pair.with),
      ])
    }
    parts.append(agreement.text)
  }
  if result.trusted > 0 {
    parts.append(
      wrapped(
        "Means over the first \(result.trusted) of \(result.examples) examples. Deletion and insertion "
          + "are areas under the probability of the explained class as features are removed or brought "
          + "in, in the order of the method: deletion should be small and insertion large, beside those "
          + "of a random order. Stability and agreement are rank correlations, from -1 to 1. After a "
          + "reset of weights, an explanation should be unlike the old one: near 0.", indent: 0
      ).joined(separator: "\n"))
  }
  parts += result.notices.map { wrapped("note: \($0)", indent: 0).joined(separator: "\n") }
  let explained = result.explained.map { ", of the class '\($0)'" } ?? ""
  parts.append("\(out): the explanations of \(result.examples) examples\(explained)")
  return parts.joined(separator: "\n\n")
}
