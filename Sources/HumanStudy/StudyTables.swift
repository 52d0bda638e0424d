import Evaluation
import Foundation
import Support

/// The results of a study as tables: `results.md` for people, and `results.csv` for programs.
extension StudyResults {
  /// The results in Markdown: first, for each condition, how often people were fooled and found the
  /// mistake reasonable, as in A. Ross, "Training Machine Learning Models by Regularizing their
  /// Explanations" (2018); then comparisons, agreement, times and confusions.
  public var markdown: String {
    var lines = ["# \(title)", "", summary, ""]
    lines += table(
      [
        "condition", "answers", "human fooled %", "Wilson 95 %", "bootstrap 95 %",
        "mistake reasonable %", "Wilson 95 %", "bootstrap 95 %", "named the original %",
      ],
      conditions.map { result in
        [result.condition.name, "\(result.fooled.of)"] + Self.cells(result.fooled)
          + Self.cells(result.reasonable) + [Self.percent(result.original.share)]
      })
    lines += ["", Self.definitions]
    if !comparisons.isEmpty {
      lines += ["", "## Do conditions differ?", ""]
      lines += table(
        [
          "measure", "conditions", "difference, percentage points", "bootstrap 95 %",
          "log-odds ± standard error", "p, mixed model", "p, bootstrap", "p, Fisher",
        ],
        comparisons.map { comparison in
          [
            Self.title(of: comparison.measure),
            "\(comparison.second.name) − \(comparison.first.name)",
            Self.percent(comparison.difference), Self.range(comparison.bootstrap),
            Self.estimate(comparison.logOdds, comparison.standardError),
            comparison.mixedP.map(Self.p) ?? "–", comparison.bootstrapP.map(Self.p) ?? "–",
            Self.p(comparison.fisherP),
          ]
        })
      lines += ["", Self.testsNote]
      let notes = comparisonNotes()
      if !notes.isEmpty { lines += [""] + notes.map { "- \($0)" } }
    }
    if !agreement.isEmpty {
      lines += ["", "## Do people agree?", ""]
      lines += table(
        [
          "pictures of", "pictures", "answers", "Krippendorff's α", "95 %", "Fleiss' κ", "95 %",
          "κ of",
        ],
        agreement.map { result in
          [
            result.condition?.name ?? "all conditions", "\(result.pictures)", "\(result.answers)",
            Self.number(result.alpha), Self.interval(result.alphaInterval),
            Self.number(result.kappa), Self.interval(result.kappaInterval),
            "\(result.kappaPictures) pictures with \(result.kappaRaters) answers",
          ]
        })
    }
    if !withModels.isEmpty {
      lines += ["", "## Do people and models err on the same pictures?", ""]
      lines += table(
        [
          "model", "answers", "people right %", "model right %", "same answer %",
          "error consistency κ", "95 %",
        ],
        withModels.map { result in
          [
            result.model, "\(result.answers)", Self.percent(result.peopleRight),
            Self.percent(result.modelRight), Self.percent(result.sameAnswer),
            Self.number(result.errorConsistency), Self.interval(result.interval),
          ]
        })
    }
    if let times {
      lines += ["", "## How long it took", "", Self.sentence(times)]
    }
    for result in conditions where hasReadableConfusions {
      lines += ["", "## What was answered: \(result.condition.name)", ""]
      lines += table(
        ["original \\ answer"] + classNames + ["none"],
        zip(classNames, result.byLabel).map { [$0] + $1.map(String.init) })
      lines += [""]
      lines += table(
        ["target \\ answer"] + classNames + ["none"],
        zip(classNames, result.byTarget).map { [$0] + $1.map(String.init) })
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Whether the confusion matrices are small enough to show: at most 20 classes.
  public var hasReadableConfusions: Bool { classNames.count <= 20 }

  /// How many participants answered, how attentive they were, and who is left out, in sentences.
  public var summary: String {
    let people = participants
    var sentences = ["\(people.analysed) of \(people.answered) participants are analysed."]
    let unanswered = (unanswered ?? []).map(\.name)
    if !unanswered.isEmpty {
      sentences.append("No answer is about \(unanswered.joined(separator: ", ")).")
    }
    if people.analysed == 1 {
      sentences.append(
        "The answers are from one participant, so they do not show how people differ, and there "
          + "is no bootstrap interval.")
    }
    if people.checks > 0 {
      sentences.append("They got \(people.checksRight) of \(people.checks) checks right.")
    }
    if people.repeated > 0 {
      sentences.append(
        "Of \(people.repeated) pictures shown twice, \(people.repeatedSame) got the same answer "
          + "both times.")
    }
    let reasons = Dictionary(grouping: people.excluded, by: \.reason).sorted { $0.key < $1.key }
    sentences += reasons.map {
      "Left out: \($0.value.map(\.participant).sorted().joined(separator: ", ")) (\($0.key))."
    }
    if let rules = people.rules, !rules.isEmpty {
      sentences.append(
        "Rules fixed before the first answer: "
          + rules.map { "\($0.sentence.dropLast()) (\($0.leftOut))" }.joined(separator: "; ") + ".")
    }
    return sentences.joined(separator: " ")
  }

  /// Sentences that define the measures and the intervals.
  public static let definitions = """
    Human fooled: the participant named the attack's target as the most plausible label. \
    Mistake reasonable: the participant named the target as the most plausible or second most \
    plausible label, or found no label plausible. Wilson's interval assumes that all answers are \
    independent. The bootstrap interval does not: it draws participants and images with replacement.
    """

  /// Sentences that say what each p-value assumes, and which to rely on.
  public static let testsNote = """
    The mixed model takes into account that people and images differ, both in how often they lead \
    to a yes and in how much the condition changes that. Rely on its p. The bootstrap draws people \
    and images with replacement and needs no model. Its p is rather too large than too small, so a \
    difference that it finds is well supported. Fisher's exact test assumes that all answers are \
    independent. They are not: a person who is easily fooled is fooled by many pictures, and a \
    badly written digit fools many people. So its p can be far too small.
    """

  /// The notes on the mixed models, each with the comparisons that it is about.
  /// - Parameter measure: the measure whose comparisons are meant; nil for all.
  public func comparisonNotes(_ measure: String? = nil) -> [String] {
    let own = comparisons.filter { measure == nil || $0.measure == measure }
    let notes = own.flatMap { comparison in (comparison.notes ?? []).map { ($0, comparison) } }
    var order: [String] = []
    for (note, _) in notes where !order.contains(note) { order.append(note) }
    return order.map { note in
      let about = notes.filter { $0.0 == note }.map { _, comparison in
        (measure == nil ? Self.title(of: comparison.measure) + ", " : "")
          + "\(comparison.second.name) − \(comparison.first.name)"
      }
      return "\(about.joined(separator: "; ")): \(note)"
    }
  }

  // MARK: Formatting

  /// The words for a measure, as headings and tables show it.
  public static func title(of measure: String) -> String {
    switch measure {
    case "fooled": "human fooled"
    case "reasonable": "mistake reasonable"
    default: "named the original"
    }
  }

  /// The response times in sentences.
  public static func sentence(_ times: TimeResult) -> String {
    func seconds(_ milliseconds: Double) -> String { String(format: "%.1f s", milliseconds / 1000) }
    return
      "The participants' median times for a picture range from \(seconds(times.fastest)) to "
      + "\(seconds(times.slowest)), and the median of these is \(seconds(times.median)). The "
      + "natural logarithms of all \(times.answers) times in milliseconds have the mean "
      + "\(String(format: "%.2f", times.logMean)) and the standard deviation "
      + "\(String(format: "%.2f", times.logDeviation))."
  }

  /// A share in percent with one decimal: `16.4`.
  public static func percent(_ share: Double) -> String {
    let text = String(format: "%.1f", share * 100)
    return text == "-0.0" ? "0.0" : text
  }

  /// An interval of shares in percent: `7.7 to 28.3`; a dash if there is none.
  public static func range(_ interval: [Double]?) -> String {
    guard let interval, interval.count == 2 else { return "–" }
    return "\(percent(interval[0])) to \(percent(interval[1]))"
  }

  /// A p-value with four decimals: `0.0168`, or `< 0.0001`.
  public static func p(_ p: Double) -> String {
    p < 0.0001 ? "< 0.0001" : String(format: "%.4f", p)
  }

  /// An estimate and its standard error: `1.25 ± 0.31`; a dash if there is none.
  public static func estimate(_ value: Double?, _ error: Double?) -> String {
    guard let value else { return "–" }
    return String(format: "%.2f", value) + (error.map { String(format: " ± %.2f", $0) } ?? "")
  }

  /// A number with two decimals; a dash if there is none.
  public static func number(_ value: Double?) -> String {
    value.map { String(format: "%.2f", $0) } ?? "–"
  }

  /// An interval of numbers: `0.21 to 0.84`; a dash if there is none.
  public static func interval(_ interval: [Double]?) -> String {
    guard let interval, interval.count == 2 else { return "–" }
    return "\(number(interval[0])) to \(number(interval[1]))"
  }

  private static func cells(_ share: Share) -> [String] {
    [percent(share.share), range(share.wilson), range(share.bootstrap)]
  }

  private func table(_ header: [String], _ rows: [[String]]) -> [String] {
    let lines = [header, header.indices.map { $0 == 0 ? "---" : "---:" }] + rows
    return lines.map {
      "| " + $0.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
    }
  }
}
