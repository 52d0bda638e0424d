import Evaluation
import Foundation
import Support

extension ReportPage {
  /// The section that ranks the models; nil if no attack has a budget above 0 that is the size of a
  /// perturbation.
  ///
  /// The tables say everything without a script. The script adds buttons to their headings that sort
  /// the rows.
  var leaderboard: Section? {
    let tables = LeaderboardTable.all(grid)
    guard let first = tables.first else { return nil }
    let others = tables.dropFirst()
    let more =
      others.isEmpty
      ? []
      : [folded("Other norms: " + listed(others.map(\.title)), others.flatMap(\.html))]
    return Section(
      id: "leaderboard", heading: "Leaderboard",
      content: first.html + links(to: nil, results: ["leaderboard.csv"]) + more + [
        Markup("script", [:], VerbatimText(content: LeaderboardTable.script))
      ])
  }
}

extension LeaderboardTable {
  /// The table with its notes below.
  fileprivate var html: [Markup] {
    let head = columns.map {
      Markup("th", ["scope": "col"], $0.prefix(1).uppercased() + $0.dropFirst())
    }
    let body = rows.map { row in
      Markup(
        "tr", [:],
        children: zip(columns, row).map { column, cell in
          Markup(
            column == "model" ? "th" : "td",
            [
              "scope": column == "model" ? "row" : nil,
              "data-key": cell.key.map { $0.roundedToMillionths.plainDecimal },
            ],
            children: [Markup("b", [:], cell.value)]
              + (cell.detail.isEmpty
                ? [] : [Markup("span", ["class": "interval"], cell.detail)]))
        })
    }
    let table = Markup(
      "table", ["class": "facts board"],
      Markup("caption", [:], Markup("span", [:], Markup("strong", [:], title))),
      Markup("thead", [:], Markup("tr", [:], children: head)),
      Markup("tbody", [:], children: body))
    return [
      .scrolling(title, columns: columns.count, table),
      Markup(
        "ul", ["class": "scope"],
        children: notes.map { Markup("li", [:], $0.replacing(" = ", with: "\u{A0}=\u{A0}")) }),
    ]
  }

  /// Turns the headings into buttons that sort by their column: numbers the largest first, names
  /// from A to Z, and the other way round at the second press. Unknown numbers come last.
  static let script = """

    for (const table of document.querySelectorAll('table.board')) {
      const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
      heads.forEach((head, column) => {
        const button = document.createElement('button');
        button.type = 'button';
        button.append(...head.childNodes);
        head.append(button);
        button.onclick = () => {
          const rows = [...body.rows], key = row => row.cells[column].dataset.key;
          const isNumber = rows.some(row => key(row) !== undefined);
          const falls = head.getAttribute('aria-sort') ?
            head.getAttribute('aria-sort') === 'ascending' : isNumber ? column > 0 : false;
          for (const other of heads) other.removeAttribute('aria-sort');
          head.setAttribute('aria-sort', falls ? 'descending' : 'ascending');
          const compare = (a, b) => isNumber ? key(a) - key(b) :
            a.cells[column].textContent.localeCompare(b.cells[column].textContent);
          const unknown = row => isNumber ? key(row) === undefined : false;
          rows.sort((a, b) => unknown(a) - unknown(b) || (falls ? compare(b, a) : compare(a, b)));
          body.append(...rows);
        };
      });
    }

    """

  /// The source of the script in the page's content security policy: its SHA-256, so that the
  /// browser runs this script and no other.
  static var scriptSource: String {
    let digest = Data(Digest.bytes(of: Data(script.utf8))).base64EncodedString()
    return "'sha256-\(digest)'"
  }

  /// The style of the tables.
  static let css = """
    .board td,.board thead th:not(:nth-child(2)){text-align:right}
    .board thead th:first-child,.board td:first-child{text-align:left;width:4.5rem;min-width:0;
      padding-left:.5rem}
    .board td,.board tbody th{vertical-align:baseline}
    .board td b{font-weight:500}
    .board td:nth-child(3) b{font-weight:700}
    .board tbody th{min-width:7.5rem}
    .board tr:has(td:first-child[data-key="1"]){background:var(--raised)}
    .board button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer;
      text-align:inherit}
    .board button::after{content:"\\2195";margin-left:.25em;color:var(--muted)}
    .board [aria-sort=ascending] button::after{content:"\\2191";color:inherit}
    .board [aria-sort=descending] button::after{content:"\\2193";color:inherit}
    .board button:focus-visible{outline:2px solid var(--link);outline-offset:3px}
    @media print{.board button::after{content:none}}

    """
}
