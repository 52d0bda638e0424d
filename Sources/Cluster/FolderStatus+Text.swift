import Evaluation
import Foundation
import Support

extension FolderStatus {
  /// A table of the stages, a bar, and what runs and has failed, in 80 columns.
  public var text: String {
    var lines = ["\(experiment) in \(folder)", ""] + table + ["", bar]
    for notice in notices { lines.append(notice) }
    let at = running.prefix(Self.shown).map { claim in
      "  \(claim.step): \(claim.holder), for \(ProgressDisplay.roughTime(claim.seconds))"
    }
    if !at.isEmpty { lines += ["", "at work:"] + at + more(running.count) }
    let failed = failures.prefix(Self.shown).flatMap { failure in
      [
        "  \(failure.step) (\(failure.log ?? "task " + failure.task))",
        "    \(failure.line.cut(to: 76))",
      ]
    }
    if !failed.isEmpty { lines += ["", "failed:"] + failed + more(failures.count) }
    return lines.joined(separator: "\n")
  }

  /// The number of steps that are shown by name.
  private static let shown = 5

  private func more(_ count: Int) -> [String] {
    count > Self.shown ? ["  and \(count - Self.shown) more (--json lists all)"] : []
  }

  private var table: [String] {
    let header = ["stage", "steps", "done", "running", "waiting", "failed", "blocked", "time left"]
    let rows = stages.map { row($0.group.rawValue, $0.counts) } + [row("all", total)]
    let all = [header] + rows
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      "  "
        + row.indices.map { column in
          let space = String(repeating: " ", count: widths[column] - row[column].count)
          return column == 0 ? row[column] + space : space + row[column]
        }.joined(separator: "  ")
    }
  }

  private func row(_ name: String, _ counts: Counts) -> [String] {
    let numbers = [
      counts.steps, counts.done, counts.running, counts.waiting, counts.failed, counts.blocked,
    ]
    return [name] + numbers.map { $0 == 0 ? "·" : "\($0)" }
      + [counts.undone == 0 ? "" : counts.secondsLeft.map(ProgressDisplay.roughTime) ?? "unknown"]
  }

  /// `━━━━╌╌╌╌  12 of 24 steps`, and below it `about 2 h left`.
  private var bar: String {
    let share = total.steps == 0 ? 1 : Double(total.done) / Double(total.steps)
    let cells = Int(share * 24)
    let bar = String(repeating: "━", count: cells) + String(repeating: "╌", count: 24 - cells)
    let left: String
    if total.undone == 0 {
      left = "all steps are done"
    } else if let seconds = total.secondsLeft {
      let unknown = stages.filter { $0.counts.undone > 0 && $0.counts.secondsLeft == nil }
        .map(\.group.rawValue)
      left =
        "about \(ProgressDisplay.roughTime(seconds)) left"
        + (unknown.isEmpty ? "" : ", without " + unknown.joined(separator: " and "))
    } else {
      left = "time left unknown"
    }
    return "  \(bar)  \(total.done) of \(total.steps) steps\n  \(left)"
  }
}

extension String {
  /// The text, or its beginning with an ellipsis if it is longer than a number of characters.
  fileprivate func cut(to width: Int) -> String {
    count > width ? prefix(width - 1) + "…" : self
  }
}
