import Attacks
import Evaluation
import Support

extension RunComparison {
  /// How many changed cells are shown.
  private static let shown = 20

  /// The comparison for a terminal.
  var text: String {
    ([heading, modelTable, cellText, flagText] + [notes.joined(separator: "\n")])
      .filter { !$0.isEmpty }.joined(separator: "\n\n")
  }

  private var heading: String {
    let budget = epsilon.map { epsilon in
      let symbol = norm.flatMap(Norm.init)?.symbol ?? ""
      return " The worst case is that under \(attacks.joined(separator: ", ")) within "
        + "\(epsilon.plainDecimal) in \(symbol)."
    }
    return wrapped(
      "\(after) compared with \(before) on the same \(images) images.\(budget ?? "") Changes are in "
        + "points, with their interval, paired by image; * marks those that are certain.", indent: 0
    ).joined(separator: "\n")
  }

  private var modelTable: String {
    var table = TextTable(
      ["model", "what", "before, %", "after, %", "change"], leading: 2)
    for model in models {
      var name = model.model + (model.isSame ? " (same)" : "")
      func add(_ what: String, _ before: String, _ after: String, _ change: String) {
        table.add([name, what, before, after, change])
        name = ""
      }
      if let before = model.rankBefore, let after = model.rankAfter {
        add("rank", "\(before)", "\(after)", "")
      }
      let changes = [
        ("worst case", model.worstCase), ("clean", model.clean), ("certified", model.certified),
        ("worst group", model.worstGroup),
      ]
      for case (let what, let change?) in changes {
        add(what, change.before.tenths, change.after.tenths, change.text)
      }
    }
    return table.text
  }

  private var cellText: String {
    let changed = changedCells
    let count = "\(changed.count) of \(cells.count) cells changed for certain"
    guard !changed.isEmpty else { return count + "." }
    var table = TextTable(
      ["attack", "budget", "source", "victim", "before, %", "after, %", "change"], leading: 4)
    for cell in changed.prefix(Self.shown) {
      table.add([
        cell.attack, cell.epsilon.plainDecimal, cell.source, cell.victim,
        cell.accuracy.before.tenths, cell.accuracy.after.tenths, cell.accuracy.text,
      ])
    }
    let more = changed.count - Self.shown
    return count + (more > 0 ? "; the largest \(Self.shown) changes (--csv writes all):" : ":")
      + "\n\n" + table.text
  }

  private var flagText: String {
    (newFlags.map { "⚑ new flag: \($0.subject)" }
      + vanishedFlags.map { "  vanished flag: \($0.subject)" }).joined(separator: "\n")
  }
}

extension AccuracyChange {
  /// "−5.5 (−8.8 to −2.1) *".
  fileprivate var text: String {
    difference.signedPoints + (interval.map { " (\($0.signedPoints))" } ?? "")
      + (isCertain ? " *" : "  ")
  }
}

extension Double {
  /// A fraction in percent to one decimal, without the percent sign.
  fileprivate var tenths: String {
    let tenths = Int((self * 1000).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}
