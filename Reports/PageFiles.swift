/// Which files a page may link to. A page that stands alone has no links to files.
enum PageFiles {
  /// None.
  case none
  /// The files of its figures, in the folder `figures` beside the page.
  case figures
  /// Also the results of the run, in the folder above the page.
  case run
}

extension ReportPage {
  /// The same page with links to the files of its figures and, in a run folder, to the results.
  func linked(to files: PageFiles) -> ReportPage {
    var page = self
    page.files = files
    return page
  }

  /// The links under a figure: "CSV · SVG · Vega-Lite" and results of the run.
  /// - Parameters:
  ///   - figure: the figure's name among `figures`; nil for results alone.
  ///   - results: names of files in the run folder.
  /// - Returns: nothing if the page stands alone.
  func links(to figure: String?, results: [String] = []) -> [Markup] {
    var links: [(text: String, place: String)] = []
    if let figure, files != .none {
      let path = "figures/" + ReportFolder.fileName(figure)
      links += [
        ("CSV", path + ".csv"), ("SVG", path + ".svg"), ("Vega-Lite", path + ".vl.json"),
      ]
    }
    if files == .run { links += results.map { ($0, "../" + $0) } }
    return linkLine(links.map { ($0.text, $0.place, figure.map { ", \($0)" } ?? "") })
  }

  /// A line of links to files.
  /// - Parameter links: the text, the place, and what a screen reader adds to the text, since the
  ///   same text stands under many figures.
  func linkLine(_ links: [(text: String, place: String, of: String)]) -> [Markup] {
    guard !links.isEmpty else { return [] }
    let content = links.enumerated().flatMap { number, link -> [any MarkupContent] in
      let label = link.of.isEmpty ? nil : link.text + link.of
      return (number > 0 ? [" · "] : [])
        + [Markup("a", ["href": link.place, "aria-label": label], link.text)]
    }
    return [Markup("p", ["class": "files"], children: content)]
  }

  /// The results in the run folder that this grid has, with what each contains.
  var resultFiles: [(name: String, content: String)] {
    let more: [(String, String, Bool)] = [
      ("leaderboard.csv", "the models by their worst case", !grid.leaderboards.isEmpty),
      ("grid.csv", "every accuracy", !grid.cells.isEmpty),
      ("worst.csv", "the accuracy under all attacks together", true),
      ("overlaps.csv", "which models the same examples fool", true),
      ("comparisons.csv", "every two models on the same examples", true),
      ("repeats.csv", "the accuracies from other seeds", !grid.repeats.isEmpty),
      ("groups.csv", "the accuracies by group", grid.groups != nil),
      ("certificates.csv", "the certified accuracies", grid.certified != nil),
      ("corruptions.csv", "the errors on corrupted pictures", grid.corruptionErrors != nil),
      ("reliance.csv", "the measures with masks", grid.reliance != nil),
      ("another.csv", "the models with other explanations", grid.another != nil),
      ("explanation-trust.csv", "how far to trust the explanations", grid.explanations != nil),
      ("grid.json", "all of these with the provenance", true),
    ]
    return more.filter(\.2).map { ($0.0, $0.1) }
  }
}
