import HumanStudy

extension ReportPage {
  /// The section on the human study; nil if there are no results.
  var humanStudy: Section? {
    guard let study else { return nil }
    let shares = table(
      "Human study",
      header: [
        "Model", "Attack", "Answers", "Human fooled, %", "Wilson", "Bootstrap",
        "Mistake reasonable, %", "Wilson",
        "Bootstrap",
      ],
      study.conditions.map { result in
        [
          result.condition.source,
          result.condition.isControl
            ? result.condition.attack
            : grid.heading(result.condition.attack, result.condition.epsilon),
          "\(result.fooled.of)",
        ]
          + cells(result.fooled) + cells(result.reasonable)
      })
    let chart = ConditionChart(study, grid).map {
      figure($0.pictures, caption: ConditionChart.caption, name: "study")
    }
    var content: [any MarkupContent] = [Markup("p", [:], study.summary)]
    content += [chart].compactMap { $0 }
    content += [
      shares,
      Markup("p", ["class": "note"], StudyResults.definitions),
    ]
    if !study.comparisons.isEmpty {
      content += [
        Markup("h3", [:], "Do conditions differ?"),
        table(
          "Comparisons",
          header: [
            "Measure", "Conditions", "Difference, points", "Bootstrap", "Log-odds ± standard error",
            "p, mixed model", "p, bootstrap", "p, Fisher",
          ],
          study.comparisons.filter { $0.measure != "original" }.map { comparison in
            [
              StudyResults.title(of: comparison.measure),
              "\(grid.name(of: comparison.second)) − \(grid.name(of: comparison.first))",
              StudyResults.percent(comparison.difference), StudyResults.range(comparison.bootstrap),
              StudyResults.estimate(comparison.logOdds, comparison.standardError),
              comparison.mixedP.map(StudyResults.p) ?? "–",
              comparison.bootstrapP.map(StudyResults.p) ?? "–", StudyResults.p(comparison.fisherP),
            ]
          }),
        Markup("p", ["class": "note"], StudyResults.testsNote),
      ]
      content += study.comparisonNotes().map { Markup("p", ["class": "note"], $0) }
    }
    content += agreement(study)
    if let times = study.times {
      content += [
        Markup("h3", [:], "How long it took"), Markup("p", [:], StudyResults.sentence(times)),
      ]
    }
    return Section(id: "study", heading: "What people see", content: content + confusions(study))
  }

  private func cells(_ share: StudyResults.Share) -> [String] {
    [
      StudyResults.percent(share.share), StudyResults.range(share.wilson),
      StudyResults.range(share.bootstrap),
    ]
  }

  /// The tables on agreement among people, and between people and models.
  private func agreement(_ study: StudyResults) -> [any MarkupContent] {
    var content: [any MarkupContent] = []
    if !study.agreement.isEmpty {
      content += [
        Markup("h3", [:], "Do people agree?"),
        table(
          "Agreement",
          header: [
            "Pictures of", "Pictures", "Answers", "Krippendorff’s α", "95%", "Fleiss’ κ", "95%",
          ],
          study.agreement.map { result in
            [
              result.condition.map { grid.name(of: $0) } ?? "all conditions", "\(result.pictures)",
              "\(result.answers)",
              StudyResults.number(result.alpha), StudyResults.interval(result.alphaInterval),
              StudyResults.number(result.kappa), StudyResults.interval(result.kappaInterval),
            ]
          }),
      ]
    }
    if !study.withModels.isEmpty {
      content += [
        Markup("h3", [:], "Do people and models make mistakes on the same pictures?"),
        table(
          "Agreement with models",
          header: [
            "Model", "Answers", "People right, %", "Model right, %", "Same answer, %",
            "Error consistency κ", "95%",
          ],
          study.withModels.map { result in
            [
              result.model, "\(result.answers)", StudyResults.percent(result.peopleRight),
              StudyResults.percent(result.modelRight), StudyResults.percent(result.sameAnswer),
              StudyResults.number(result.errorConsistency), StudyResults.interval(result.interval),
            ]
          }),
      ]
    }
    return content
  }

  /// How often each answer was given, a folded table for each condition.
  private func confusions(_ study: StudyResults) -> [any MarkupContent] {
    guard study.hasReadableConfusions else { return [] }
    return study.conditions.map { result in
      func matrix(_ rows: String, _ counts: [[Int]]) -> Markup {
        table(
          "\(rows), \(grid.name(of: result.condition))",
          header: ["\(rows) \\ answer"] + study.classNames + ["none"],
          zip(study.classNames, counts).map { name, row in
            [name] + row.map { $0 == 0 ? "·" : "\($0)" }
          })
      }
      return Markup(
        "details", [:], Markup("summary", [:], "Answers: \(grid.name(of: result.condition))"),
        matrix("Original", result.byLabel), matrix("Target", result.byTarget))
    }
  }
}
