import Evaluation
import Foundation
import Support

/// Results of a study as text: the table for people, and files for programs.
extension StudyResults {
  /// The thesis' table, in Markdown: for each condition what people made of its pictures, then the
  /// tests.
  public var markdown: String {
    var lines = ["# \(title)", "", summary, ""]
    lines += table(
      [
        "condition", "answers", "human fooled %", "Wilson 95 %", "bootstrap 95 %",
        "mistake reasonable %",
        "Wilson 95 %", "bootstrap 95 %", "named the original %",
      ],
      conditions.map { result in
        [result.condition.name, "\(result.fooled.of)"] + Self.cells(result.fooled)
          + Self.cells(result.reasonable)
          + [Self.percent(result.original.share)]
      })
    lines += ["", Self.definitions]
    if !comparisons.isEmpty {
      lines += ["", "## Do conditions differ?", ""]
      lines += table(
        [
          "measure", "conditions", "difference, points", "bootstrap 95 %",
          "log-odds ± standard error",
          "p, mixed model", "p, Fisher",
        ],
        comparisons.map { comparison in
          [
            Self.title(of: comparison.measure),
            "\(comparison.second.name) − \(comparison.first.name)",
            Self.percent(comparison.difference), Self.range(comparison.bootstrap),
            Self.estimate(comparison.logOdds, comparison.standardError),
            comparison.mixedP.map(Self.p) ?? "–",
            Self.p(comparison.fisherP),
          ]
        })
      lines += ["", Self.fisherNote]
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
            Self.number(result.kappa),
            Self.interval(result.kappaInterval),
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
            Self.percent(result.modelRight),
            Self.percent(result.sameAnswer), Self.number(result.errorConsistency),
            Self.interval(result.interval),
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

  /// Whether confusion matrices are small enough to be read.
  public var hasReadableConfusions: Bool { classNames.count <= 20 }

  /// Who answered, and who is left out.
  public var summary: String {
    let people = participants
    var sentences = ["\(people.analysed) of \(people.answered) participants are analysed."]
    if let rule = people.rule { sentences.append(rule) }
    if people.checks > 0 {
      sentences.append("Those analysed got \(people.checksRight) of \(people.checks) checks right.")
    }
    if people.repeated > 0 {
      sentences.append(
        "Of \(people.repeated) pictures shown twice \(people.repeatedSame) were answered the same.")
    }
    let reasons = Dictionary(grouping: people.excluded, by: \.reason).sorted { $0.key < $1.key }
    sentences += reasons.map {
      "Left out: \($0.value.map(\.participant).sorted().joined(separator: ", ")) (\($0.key))."
    }
    return sentences.joined(separator: " ")
  }

  /// `results.csv`: one row a condition and measure.
  public var csv: String {
    var table = CSV(
      header:
        "source,attack,epsilon,measure,count,answers,share,wilson_low,wilson_high,bootstrap_low,bootstrap_high,"
        + "participants,pictures,images,median_ms")
    for result in conditions {
      for (name, share) in [
        ("fooled", result.fooled), ("reasonable", result.reasonable), ("original", result.original),
      ] {
        let numbers = ([share.share] + share.wilson).map { $0.roundedToMillionths.plainDecimal }
        let bootstrap = (share.bootstrap ?? []).map { $0.roundedToMillionths.plainDecimal }
        let condition = result.condition
        table.append(
          [
            condition.source, condition.attack, condition.epsilon.plainDecimal, name,
            "\(share.count)", "\(share.of)",
          ]
            + numbers
            + (bootstrap.isEmpty ? ["", ""] : bootstrap) + [
              "\(result.participants)", "\(result.pictures)", "\(result.images)",
            ]
            + [result.medianMilliseconds?.roundedToMillionths.plainDecimal ?? ""])
      }
    }
    return table.text
  }

  /// What the two measures mean, in one sentence each.
  public static let definitions =
    "Human fooled: the label named as the most plausible is the attack's target. Mistake reasonable: the target was named first or "
    + "second, or the answer was that no label is plausible. Wilson's interval takes all answers for independent; the bootstrap "
    + "draws participants and images anew."

  /// Why Fisher's test alone will not do.
  public static let fisherNote =
    "Fisher's test takes all answers for independent. They are not: a person who is easily fooled is so on many pictures, and a "
    + "badly written digit fools many people, so its p is smaller than the data warrant, or larger where the same people and images "
    + "stand in both conditions. The mixed model has an intercept for each person and image; its p is the one to go by."

  // MARK: Words

  public static func title(of measure: String) -> String {
    switch measure {
    case "fooled": "human fooled"
    case "reasonable": "mistake reasonable"
    default: "named the original"
    }
  }

  public static func sentence(_ times: TimeResult) -> String {
    func seconds(_ milliseconds: Double) -> String { String(format: "%.1f s", milliseconds / 1000) }
    return
      "Half of the participants took \(seconds(times.median)) or less for half of their pictures (medians from "
      + "\(seconds(times.fastest)) to \(seconds(times.slowest))). The natural logarithm of all \(times.answers) times in "
      + "milliseconds has mean \(String(format: "%.2f", times.logMean)) and standard deviation "
      + "\(String(format: "%.2f", times.logDeviation))."
  }

  /// 16.4
  public static func percent(_ share: Double) -> String {
    let text = String(format: "%.1f", share * 100)
    return text == "-0.0" ? "0.0" : text
  }

  /// 7.7–28.3
  public static func range(_ interval: [Double]?) -> String {
    guard let interval, interval.count == 2 else { return "–" }
    return "\(percent(interval[0])) to \(percent(interval[1]))"
  }

  public static func p(_ p: Double) -> String {
    p < 0.0001 ? "< 0.0001" : String(format: "%.4f", p)
  }

  public static func estimate(_ value: Double?, _ error: Double?) -> String {
    guard let value else { return "–" }
    return String(format: "%.2f", value) + (error.map { String(format: " ± %.2f", $0) } ?? "")
  }

  public static func number(_ value: Double?) -> String {
    value.map { String(format: "%.2f", $0) } ?? "–"
  }

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
