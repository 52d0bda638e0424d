import Evaluation
import Foundation

extension ReportPage {
  /// The largest number of bytes of PNG data that the sheets of adversarial examples take in a page.
  /// Further sheets are files beside the page, to which it links.
  static let mostSheetBytes = 600_000

  /// The sheets of the page with the names of their files.
  var sheetFiles: [(name: String, sheet: ImageSheet)] {
    sheets.enumerated().map { place, sheet in ("examples-\(place + 1)", sheet) }
  }

  /// The sheets whose pictures are in the page: first one of each group, then the others, as long as
  /// they fit. A page without files beside it has all of them.
  private var embedded: Set<Int> {
    guard files != .none else { return Set(sheets.indices) }
    let firsts = sheets.indices.filter { $0 == 0 || !isSameGroup(sheets[$0 - 1], sheets[$0]) }
    let order = firsts + sheets.indices.filter { !firsts.contains($0) }
    var bytes = 0
    var chosen: Set<Int> = []
    for place in order {
      bytes += sheets[place].png.count
      guard bytes <= Self.mostSheetBytes else { break }
      chosen.insert(place)
    }
    return chosen
  }

  private func isSameGroup(_ first: ImageSheet, _ second: ImageSheet) -> Bool {
    !first.group.isEmpty && first.group == second.group
  }

  /// The section of image sheets; nil if there are none. The first sheet of each group is visible, and
  /// with many models that of the first two groups; the others are folded, and those that would make the page too large are links to files.
  var images: Section? {
    guard !sheets.isEmpty else { return nil }
    let embedded = embedded
    let groups = sheets.indices.reduce(into: [[Int]]()) { groups, place in
      if let last = groups.last?.last, isSameGroup(sheets[last], sheets[place]) {
        groups[groups.count - 1].append(place)
      } else {
        groups.append([place])
      }
    }
    let visible = groups.prefix(grid.isLarge ? 2 : groups.count).compactMap(\.first)
    let rest = groups.compactMap { group -> Markup? in
      let hidden = group.filter { !visible.contains($0) }
      guard !hidden.isEmpty else { return nil }
      let shown = hidden.filter(embedded.contains)
      let links = linkLine(
        hidden.filter { !embedded.contains($0) }.map { (sheets[$0].title, sheetPlace($0), "") })
      let more = hidden.count < group.count ? "more source model" : "source model"
      return folded(
        "\(sheets[group[0]].group): \(counted(hidden.count, more))",
        (shown.isEmpty ? [] : [sheetGrid(shown)]) + links)
    }
    return Section(
      id: "images", heading: "Adversarial examples", content: [sheetGrid(visible)] + rest)
  }

  private func sheetPlace(_ place: Int) -> String { "figures/\(sheetFiles[place].name).png" }

  /// Sheets beside each other, as many as fit.
  private func sheetGrid(_ places: [Int]) -> Markup {
    let figures = places.map { place in
      let links =
        files == .none
        ? [] : linkLine([("PNG", sheetPlace(place), ", \(sheets[place].title)")])
      return figure(of: sheets[place], links: links, isSmall: sheets.count > 1)
    }
    return Markup("div", ["class": "sheets"], children: figures)
  }

  /// A sheet with its title, the labels of its rows and columns, its caption and links.
  /// - Parameter isSmall: whether two sheets stand side by side on a wide screen.
  func figure(of sheet: ImageSheet, links: [Markup] = [], isSmall: Bool = false) -> Markup {
    Markup(
      "figure", ["class": "sheet"],
      children: [Markup("h3", [:], sheet.title), sheet.labelled(widest: isSmall ? 540 : 900)]
        + [Markup("figcaption", [:], sheet.caption)] + links)
  }
}

extension ImageSheet {
  /// The picture with the labels of its columns above and of its rows on the left.
  /// - Parameter widest: the width in screen pixels that the picture should not exceed.
  fileprivate func labelled(widest: Int) -> Markup {
    // Each pixel becomes a whole number of screen pixels, so that it stays square and sharp.
    let scale = min(largestScale, max(1, widest / max(1, width)))
    let image = Markup(
      "img",
      [
        "src": "data:image/png;base64," + png.base64EncodedString(), "alt": alt,
        "width": width * scale, "height": height * scale,
      ])
    func labels(_ names: [String], _ kind: String) -> [Markup] {
      guard !names.isEmpty else { return [] }
      let items = names.map { Markup("span", [:], $0) }
      return [
        Markup(
          "div", ["class": kind, "aria-hidden": "true", "style": "--count:\(names.count)"],
          children: items)
      ]
    }
    return Markup(
      "div", ["class": rowLabels.isEmpty ? "labelled" : "labelled rowed"],
      children: labels(columnLabels, "columns") + labels(rowLabels, "rows") + [image])
  }
}
