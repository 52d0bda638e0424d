import Support

extension [RunComparison] {
  /// The comparisons as a table with a row for each accuracy, rank and flag. Accuracies and
  /// differences are fractions; `changed` says whether the interval does not contain 0.
  public func csv() -> String {
    var table = CSV(
      header: "before,after,what,attack,epsilon,source,model,value_before,value_after,difference,"
        + "ci_low,ci_high,changed")
    for comparison in self {
      func append(_ what: String, _ place: [String], _ values: [String]) {
        table.append([comparison.before, comparison.after, what] + place + values)
      }
      func append(_ what: String, _ place: [String], _ change: AccuracyChange?) {
        guard let change else { return }
        let numbers = [
          change.before, change.after, change.difference, change.interval?.lowerBound,
          change.interval?.upperBound,
        ]
        append(
          what, place,
          numbers.map { $0?.plainDecimal ?? "" }
            + [change.interval == nil ? "" : "\(change.isCertain)"])
      }
      let budget = comparison.epsilon?.plainDecimal ?? ""
      for model in comparison.models {
        append("clean", ["", "", "", model.model], model.clean)
        append("worst-case", ["", budget, "", model.model], model.worstCase)
        append("certified", ["", budget, "", model.model], model.certified)
        append("worst-group", ["", "", "", model.model], model.worstGroup)
        if let before = model.rankBefore, let after = model.rankAfter {
          append(
            "rank", ["", budget, "", model.model],
            ["\(before)", "\(after)", "\(after - before)", "", "", ""])
        }
      }
      for cell in comparison.cells {
        append(
          "cell", [cell.attack, cell.epsilon.plainDecimal, cell.source, cell.victim],
          cell.accuracy)
      }
      let flags =
        comparison.newFlags.map { ("new flag", $0) }
        + comparison.vanishedFlags.map { ("vanished flag", $0) }
      for (what, flag) in flags {
        append(
          "\(what): \(flag.name)",
          [flag.attack ?? "", "", flag.source ?? "", flag.victim ?? ""],
          [String](repeating: "", count: 6))
      }
    }
    return table.text
  }
}
