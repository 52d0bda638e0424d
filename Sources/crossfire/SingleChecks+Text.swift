import Evaluation

extension SingleChecks {
  /// The flags with their measurements and advice, and which checks were not made, for a terminal.
  var text: String {
    let flagged = flags.flatMap { flag in
      ["⚑ \(flag.name)"]
        + [flag.raisedBecause, flag.meaning, flag.advice].flatMap { wrapped($0, indent: 4) }
    }
    let none =
      flags.isEmpty ? ["no flag was raised by \(made) trust check\(made == 1 ? "" : "s")"] : []
    return (flagged + none + remarks.flatMap { wrapped($0, indent: 0) }).joined(separator: "\n")
  }
}
