import Evaluation

/// The flags of one kind: raised by the same check, with the same meaning and advice.
struct FlagKind {
  let name: String
  let meaning: String
  let advice: String
  let flags: [TrustFlag]

  /// The flags grouped by kind, in the order of the first flag of each.
  static func all(_ flags: [TrustFlag]) -> [FlagKind] {
    func kind(_ flag: TrustFlag) -> [String] { [flag.name, flag.meaning, flag.advice] }
    let groups = Dictionary(grouping: flags, by: kind)
    var seen: Set<[String]> = []
    return flags.compactMap { flag in
      guard seen.insert(kind(flag)).inserted else { return nil }
      return FlagKind(
        name: flag.name, meaning: flag.meaning, advice: flag.advice,
        flags: groups[kind(flag)] ?? [])
    }
  }

  /// What each flag concerns and what raised it: a row for each flag, without the columns that say
  /// nothing.
  func table(_ order: [String]) -> (header: [String], rows: [[String]]) {
    func place(_ flag: TrustFlag) -> Int {
      (flag.victim ?? flag.source).flatMap(order.firstIndex) ?? order.count
    }
    let sorted = flags.enumerated().sorted {
      (place($0.element), $0.offset) < (place($1.element), $1.offset)
    }.map(\.element)
    // A source model that is the target model itself is no news.
    let sources = sorted.allSatisfy { $0.source == $0.victim } ? [] : sorted.map { $0.source ?? "" }
    let columns = [
      ("Target model", sorted.map { $0.victim ?? "" }), ("Source model", sources),
      ("Attack", sorted.map { $0.attack ?? "" }),
    ].filter { $0.1.contains { !$0.isEmpty } }
    return (
      columns.map(\.0) + ["Raised because"],
      sorted.indices.map { row in columns.map { $0.1[row] } + [sorted[row].raisedBecause] }
    )
  }
}

extension ReportPage {
  /// The largest number of flags of one kind that are visible; the others are folded.
  private var mostFlags: Int { grid.isLarge ? 1 : 3 }

  /// The flags by kind: the meaning and the advice once, then a table of what is concerned.
  var trustFlags: Markup {
    let kinds = FlagKind.all(grid.flags).map { kind in
      let (header, rows) = kind.table(grid.models)
      let visible = table(kind.name, header: header, Array(rows.prefix(mostFlags)))
      let rest = rows.dropFirst(mostFlags)
      let folded =
        rest.isEmpty
        ? []
        : [
          self.folded(
            counted(rest.count, "more flag") + " of this kind",
            [table(kind.name + ", continued", header: header, Array(rest))])
        ]
      return Markup(
        "li", [:],
        children: [
          Markup("p", [:], Markup("b", [:], kind.name), " (\(kind.flags.count))"),
          Markup("p", [:], Markup("i", [:], "It means: "), kind.meaning),
          Markup("p", [:], Markup("i", [:], "What to do: "), kind.advice), visible,
        ] + folded)
    }
    let count = counted(grid.flags.count, "flag") + (grid.flags.count == 1 ? " was" : " were")
    return Markup(
      "div", ["class": "flags", "role": "group", "aria-labelledby": "flags-heading"],
      Markup("h3", ["id": "flags-heading"], "Before trusting these numbers: \(count) raised"),
      Markup("ul", [:], children: kinds))
  }
}
