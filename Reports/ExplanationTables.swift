import Evaluation
import Explanations
import Foundation

/// How far explanations can be trusted, as rows of text for the page and for Markdown.
struct ExplanationTables {
  let models: [ExplainedModel]

  /// A table for each method of each model: its time and its measures. Columns that no method has are
  /// left out.
  var methods: (header: [String], rows: [[String]]) {
    let columns: [(String, TrustName)] = [
      ("In masks, %", .shareInMask), ("Deletion", .deletionArea), ("Insertion", .insertionArea),
      ("Stability", .stability), ("Last layer random", .lastLayerReset),
      ("All random", .allLayersReset),
    ].filter { column in
      models.contains { model in
        model.measures.contains { $0.measure == column.1.rawValue }
      }
    }
    let rows = models.flatMap { model in
      let fastest = model.methods.compactMap { model.mean(.seconds, $0.name) }.min() ?? 0
      let own = model.methods.map { method in
        let seconds = model.mean(.seconds, method.name)
        return [
          model.model, method.name, seconds.map(Self.time) ?? "",
          seconds.map { fastest > 0 ? Self.times($0 / fastest) : "" } ?? "",
        ] + columns.map { text(model, $0.1, method.name) }
      }
      let random = ExplanationTrust.randomOrder
      guard model.mean(.deletionArea, random) != nil else { return own }
      return own + [
        [model.model, random, "", ""] + columns.map { text(model, $0.1, random) }
      ]
    }
    return (["Model", "Method", "Time", "Relative"] + columns.map(\.0), rows)
  }

  /// A row for every two methods of each model.
  var pairs: (header: [String], rows: [[String]]) {
    let rows = models.flatMap { model in
      model.measures.filter { $0.measure == TrustName.rankCorrelation.rawValue }.map { pair in
        [
          model.model, "\(pair.method), \(pair.with ?? "")", Self.hundredths(pair.mean),
          model.mean(.topOverlap, pair.method, with: pair.with).map { Self.percent($0) } ?? "",
        ]
      }
    }
    let top = models.first?.top ?? 0
    return (["Model", "Methods", "Rank correlation", "Top \(top) in common, %"], rows)
  }

  /// What the measures mean.
  var explanation: String {
    let trusted = models.first?.trusted ?? 0
    let places = models.map(\.computed.place).reduce(into: [String]()) { places, place in
      if !places.contains(place) { places.append(place) }
    }
    let time =
      "The time is that of one explanation in a batch (\(places.joined(separator: "; "))); “relative” says how many times as "
      + "long it is as that of the fastest method."
    guard trusted > 0 else { return time }
    return time + """
       All other numbers are means over the first \(counted(trusted, "example")). The areas lie under \
      the probability of the explained class while the features are removed or brought in, in the order \
      of the method: deletion should be small and insertion large, compared with the random order. \
      Stability is the rank correlation with the explanation of a slightly noisy input, and should be \
      near 1. With random weights, an explanation should be unlike the one of the model: near 0.\
      \(covered)
      """
  }

  /// How much of the features the masks cover; empty without masks.
  private var covered: String {
    guard let model = models.first, let method = model.methods.first,
      let share = model.mean(.maskedShare, method.name)
    else { return "" }
    return " “In masks” is the share of the contributions that lies in the masks, which cover "
      + "\(Self.percent(share))\u{A0}% of the features and should not matter."
  }

  private func text(_ model: ExplainedModel, _ name: TrustName, _ method: String) -> String {
    guard let mean = model.mean(name, method) else { return "" }
    return name == .shareInMask ? Self.percent(mean) : Self.hundredths(mean)
  }

  private static func percent(_ share: Double) -> String { String(format: "%.1f", share * 100) }

  private static func hundredths(_ value: Double) -> String {
    let text = String(format: "%.2f", value)
    return text == "-0.00" ? "0.00" : text.hasPrefix("-") ? "−" + text.dropFirst() : text
  }

  /// "13 µs", "4.5 ms", "1.2 s".
  static func time(_ seconds: Double) -> String {
    let (number, unit) =
      seconds < 1e-3 ? (seconds * 1e6, "µs") : seconds < 1 ? (seconds * 1e3, "ms") : (seconds, "s")
    return String(format: number < 10 ? "%.1f" : "%.0f", number) + "\u{A0}" + unit
  }

  /// "1 ×", "120 ×".
  private static func times(_ ratio: Double) -> String {
    // Two significant digits are enough for a time.
    let scale = pow(10, max(0, log10(max(ratio, 1)).rounded(.down) - 1))
    let rounded = (ratio / scale).rounded() * scale
    return String(
      format: ratio < 9.95 && ratio > 1 ? "%.1f" : "%.0f", ratio < 9.95 ? ratio : rounded)
      + "\u{A0}×"
  }
}

extension ReportPage {
  /// The tables on how far the explanations can be trusted.
  func explanationTrust(_ models: [ExplainedModel]) -> [Markup] {
    let tables = ExplanationTables(models: models)
    let (methods, pairs) = (tables.methods, tables.pairs)
    let trust = [
      Markup("h3", [:], "How far to trust the explanations"),
      table("Trust in the explanations", header: methods.header, methods.rows),
      Markup("p", ["class": "note"], tables.explanation),
    ]
    guard !pairs.rows.isEmpty else { return trust }
    let note = """
      The rank correlation of the magnitudes of all contributions, from −1 to 1, and the share of the \
      features with the largest contributions that both methods name.
      """
    return trust + [
      Markup("h3", [:], "How far the methods agree"),
      table("Agreement of the methods", header: pairs.header, pairs.rows),
      Markup("p", ["class": "note"], note),
    ]
  }
}

extension MarkdownReport {
  /// The tables on explanations; nil if there are none.
  static func explanations(_ grid: Grid) -> String? {
    guard let models = grid.explanations, !models.isEmpty else { return nil }
    let tables = ExplanationTables(models: models)
    func markdown(_ table: (header: [String], rows: [[String]])) -> String {
      let lines = [table.header, table.header.map { _ in "---" }] + table.rows
      return lines.map {
        "| " + $0.map { $0 == "---" ? $0 : markdownEscaped($0) }.joined(separator: " | ") + " |\n"
      }.joined()
    }
    let parts =
      [markdown(tables.methods), tables.explanation + "\n"]
      + (tables.pairs.rows.isEmpty ? [] : [markdown(tables.pairs)])
    return "## Explanations\n\n" + parts.joined(separator: "\n")
  }
}
