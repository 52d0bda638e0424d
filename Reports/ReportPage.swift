import Evaluation
import Foundation
import HumanStudy

/// An image of a report that shows several examples side by side.
public struct ImageSheet: Equatable, Sendable {
  public let title: String
  /// Sheets of the same group stand together; only the first of them is unfolded.
  public let group: String
  /// The explanation of the rows and columns.
  public let caption: String
  /// The description for readers who cannot see the image.
  public let alt: String
  public let png: Data
  /// The PNG's size in pixels.
  public let width: Int
  public let height: Int
  /// The largest number of screen pixels for a pixel of the PNG, so that a few small pictures do
  /// not fill the page.
  public let largestScale: Int
  /// The labels of the columns of pictures, which are equally wide; empty for none.
  public let columnLabels: [String]
  /// The labels of the rows of pictures, which are equally high; empty for none.
  public let rowLabels: [String]

  public init(
    title: String, group: String = "", caption: String, alt: String, png: Data, width: Int,
    height: Int, largestScale: Int = .max, columnLabels: [String] = [], rowLabels: [String] = []
  ) {
    self.columnLabels = columnLabels
    self.rowLabels = rowLabels
    self.largestScale = max(1, largestScale)
    self.title = title
    self.group = group
    self.caption = caption
    self.alt = alt
    self.png = png
    self.width = width
    self.height = height
  }
}

/// A grid as a page, `report/index.html`: one file that loads nothing else.
///
/// The page begins with the leaderboard, the key numbers, the flags that speak against them and the
/// experiment's setup. The curves, the transfer matrices, the images and the provenance follow. The
/// same input gives the same bytes. In a report folder, the page also links to the files of its
/// figures.
///
/// ```swift
/// let grid = try Grid.read(URL(filePath: "results/grid.json"))
/// let html = ReportPage(grid: grid, title: "My models").html()
/// ```
public struct ReportPage: Sendable {
  let grid: Grid
  let title: String
  let sheets: [ImageSheet]
  let histories: [TrainingHistory]
  let probes: [ModelProbe]
  let gradientSheet: ImageSheet?
  let decisionMaps: [DecisionMap]
  let study: StudyResults?
  let explanationPictures: ExplanationPictures?
  let answers: ExplainedAnswers?
  /// The files that the page may link to.
  var files = PageFiles.none

  /// - Parameters:
  ///   - grid: the measurements.
  ///   - title: the page's title.
  ///   - sheets: images of adversarial examples.
  ///   - histories: the trainings of the grid's models.
  ///   - probes: the probes of the grid's models.
  ///   - gradientSheet: an image of input gradients.
  ///   - decisionMaps: the decision maps of the grid's models.
  ///   - study: the results of a human study.
  ///   - explanationPictures: the pictures of a search for other explanations.
  ///   - answers: the explanations of the models' answers.
  public init(
    grid: Grid, title: String, sheets: [ImageSheet] = [], histories: [TrainingHistory] = [],
    probes: [ModelProbe] = [],
    gradientSheet: ImageSheet? = nil, decisionMaps: [DecisionMap] = [], study: StudyResults? = nil,
    explanationPictures: ExplanationPictures? = nil, answers: ExplainedAnswers? = nil
  ) {
    self.answers = answers
    self.explanationPictures = explanationPictures
    self.decisionMaps = decisionMaps
    self.gradientSheet = gradientSheet
    self.grid = grid
    self.title = title
    self.sheets = sheets
    self.histories = histories
    self.probes = probes
    self.study = study
  }

  /// The page as HTML.
  public func html() -> String {
    let page = Markup("html", ["lang": "en"], head, body)
    return "<!DOCTYPE html>\n" + page.rendered + "\n"
  }

  private var head: Markup {
    // The browser must neither load nor run anything from this page but the script that sorts the
    // leaderboard, even if a model's or a data set's name contained markup that escaping missed.
    let policy =
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src "
      + LeaderboardTable.scriptSource
    return Markup(
      "head", [:],
      Markup("meta", ["charset": "utf-8"]),
      Markup("meta", ["http-equiv": "Content-Security-Policy", "content": policy]),
      Markup("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
      Markup("meta", ["name": "color-scheme", "content": "light dark"]),
      Markup("meta", ["name": "generator", "content": "Crossfire"]),
      Markup("title", [:], title),
      Markup("style", [:], VerbatimText(content: ReportStyle.css + LeaderboardTable.css)))
  }

  private var body: Markup {
    let all = [
      leaderboard, summary, byGroup, reliance, explanations, otherExplanations, curves, worstCases,
      certificates, corruptions, matrices, judgements, repeats,
      overlaps, gradients,
      images, humanStudy, decisions, spending, training,
      provenance,
    ]
    let sections = all.compactMap(\.self)
    let links = sections.map { Markup("li", [:], Markup("a", ["href": "#" + $0.id], $0.heading)) }
    return Markup(
      "body", ["class": grid.isLarge ? "many" : nil],
      Markup(
        "header", [:],
        Markup("p", ["class": "kicker"], "Adversarial robustness"),
        Markup("h1", [:], title),
        Markup("p", ["class": "lede"], lede),
        Markup("nav", ["aria-label": "Sections"], Markup("ul", [:], children: links))),
      Markup("main", [:], children: sections.map(\.markup)),
      Markup(
        "footer", [:],
        Markup(
          "p", [:],
          "\(versions) All intervals are 95% Wilson intervals unless stated otherwise."
            + (grid.isLarge ? " Folded parts of this page are not printed." : ""))))
  }

  private var lede: String {
    let models = counted(grid.models.count, "model")
    let attacks = counted(grid.attacks.count, "attack")
    let shown =
      grid.models.count > 1
      ? "Every model classifies its own adversarial examples and those made on the other models."
      : "The model classifies its own adversarial examples."
    return "\(models) under \(attacks) on \(grid.provenance.data). \(shown)"
  }

  /// A section of the page, which the table of contents lists.
  struct Section {
    let id: String
    let heading: String
    let content: [any MarkupContent]

    var markup: Markup {
      Markup(
        "section", ["id": id, "aria-labelledby": id + "-heading"],
        children: [Markup("h2", ["id": id + "-heading"], heading)] + content)
    }
  }
}
