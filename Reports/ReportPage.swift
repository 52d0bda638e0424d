import Evaluation
import Foundation
import HumanStudy

/// An image for a report: example images side by side, composed elsewhere.
public struct ImageSheet: Equatable, Sendable {
  public let title: String
  /// Sheets of one group stand together, the first of them open.
  public let group: String
  /// What the rows and columns are.
  public let caption: String
  /// What somebody who cannot see the image should know.
  public let alt: String
  public let png: Data
  /// The PNG's size in pixels.
  public let width: Int
  public let height: Int

  public init(
    title: String, group: String = "", caption: String, alt: String, png: Data, width: Int,
    height: Int
  ) {
    self.title = title
    self.group = group
    self.caption = caption
    self.alt = alt
    self.png = png
    self.width = width
    self.height = height
  }
}

/// A grid as a page to read: `report/index.html`, one file that needs nothing besides itself.
///
/// First what was asked, what came out and what speaks against it; then the curves, the matrices,
/// the images, and where the numbers came from. The same input gives the same bytes.
public struct ReportPage: Sendable {
  let grid: Grid
  let title: String
  let sheets: [ImageSheet]
  let histories: [TrainingHistory]
  let probes: [ModelProbe]
  let gradientSheet: ImageSheet?
  let study: StudyResults?

  public init(
    grid: Grid, title: String, sheets: [ImageSheet] = [], histories: [TrainingHistory] = [],
    probes: [ModelProbe] = [],
    gradientSheet: ImageSheet? = nil, study: StudyResults? = nil
  ) {
    self.gradientSheet = gradientSheet
    self.grid = grid
    self.title = title
    self.sheets = sheets
    self.histories = histories
    self.probes = probes
    self.study = study
  }

  public func html() -> String {
    let page = Markup("html", ["lang": "en"], head, body)
    return "<!DOCTYPE html>\n" + page.rendered + "\n"
  }

  private var head: Markup {
    // Nothing in this page may load or run, whatever a model or a data set is called.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return Markup(
      "head", [:],
      Markup("meta", ["charset": "utf-8"]),
      Markup("meta", ["http-equiv": "Content-Security-Policy", "content": policy]),
      Markup("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
      Markup("meta", ["name": "color-scheme", "content": "light dark"]),
      Markup("meta", ["name": "generator", "content": "Crossfire \(grid.provenance.crossfire)"]),
      Markup("title", [:], title),
      Markup("style", [:], VerbatimText(content: ReportStyle.css)))
  }

  private var body: Markup {
    let all = [
      summary, curves, worstCases, matrices, repeats, overlaps, gradients, images, humanStudy,
      spending, training,
      provenance,
    ]
    let sections = all.compactMap(\.self)
    let links = sections.map { Markup("li", [:], Markup("a", ["href": "#" + $0.id], $0.heading)) }
    return Markup(
      "body", [:],
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
          "Written by Crossfire \(grid.provenance.crossfire) on libtorch \(grid.provenance.libtorch). Intervals are Wilson’s, at 95%."
        )))
  }

  private var lede: String {
    let models = counted(grid.models.count, "model")
    let attacks = counted(grid.attacks.count, "attack")
    let others =
      grid.models.count > 1
      ? "each shown its own adversarial examples and the others’"
      : "shown its own adversarial examples"
    return "\(models) under \(attacks) on \(grid.provenance.data), \(others)."
  }

  /// A part of the page that the list of contents names.
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
