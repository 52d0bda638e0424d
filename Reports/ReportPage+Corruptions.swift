import Evaluation

extension ReportPage {
  /// The section on common corruptions; nil if the run has none.
  var corruptions: Section? {
    guard let errors = grid.corruptionErrors, let baseline = errors.models.first else { return nil }
    let places = errors.models.indices
    func text(_ relative: Double?) -> String {
      relative.map { budgetText(($0 * 1000).rounded() / 1000) } ?? "–"
    }
    let rows =
      errors.kinds.map { kind in
        [kind.rawValue] + places.map { percent(errors.error(of: $0, kind)) }
      }
      + [
        ["mean"] + places.map { percent(errors.error(of: $0)) },
        ["mCE relative to \(baseline)"] + places.map { text(errors.meanRelative(of: $0)) },
      ]
    let severities = listed(errors.severities.map(budgetText))
    let explanation = """
      The share of wrong predictions in % on pictures that are worse by chance, the mean over the \
      severities \(severities). The mean corruption error (mCE) divides the errors of each kind by \
      those of \(baseline) and is the mean over the kinds: below 1, a model errs less than \
      \(baseline). Frost is computed and not photographed, so these errors are comparable with each \
      other and not with published ones.
      """
    return Section(
      id: "corruptions", heading: "Common corruptions",
      content: [
        Markup("p", [:], explanation),
        table("Error on corrupted pictures, in %", header: ["Corruption"] + errors.models, rows),
      ])
  }
}
