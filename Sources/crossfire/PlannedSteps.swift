import Evaluation
import Foundation
import Support

/// The steps of a plan as `plan` and `run --dry-run` show them.
struct PlannedSteps: Encodable {
  struct Step: Encodable {
    let name: String
    let kind: ExperimentStep.Kind
    let needs: [String]
    let done: Bool
    /// The expected time, if it was estimated and the step takes more than a moment.
    let seconds: Double?
    /// What the step does, if its time was estimated.
    let work: String?
  }

  let experiment: String
  let folder: String
  let steps: [Step]
  /// What the steps need, in a few words each.
  private let needs: [String]
  private let isEstimated: Bool

  private enum CodingKeys: CodingKey { case experiment, folder, steps }

  /// - Parameter estimates: the estimates of the undivided steps; nil for none.
  init(_ plan: RunPlan, _ estimates: [StepEstimate]? = nil) {
    experiment = plan.experiment.name
    folder = plan.folder.path
    isEstimated = estimates != nil
    let estimated = Dictionary(
      (estimates ?? []).map { ($0.step, $0) }, uniquingKeysWith: { first, _ in first })
    let models = plan.experiment.models.count
    steps = plan.steps.map { step in
      let own = OwnEstimate(step.step, estimated, parts: plan.parts)
      return Step(
        name: step.step.name, kind: step.step.kind, needs: step.needs.map(\.name),
        // An estimate has compared the digests of results, which says more than a mark.
        done: own?.decidesAlone == true
          ? own?.isDone ?? false : step.isDone || own?.isDone ?? false,
        seconds: own?.seconds, work: own?.work)
    }
    needs = plan.steps.map { $0.needsInWords(models: models) }
  }

  var doneCount: Int { steps.count { $0.done } }

  // MARK: Text

  /// All steps in a table, or a table of their kinds if they are many; and a summary.
  var text: String {
    let summary = "\(doneCount) of \(steps.count) steps of \(experiment) are done in \(folder)"
    let table = steps.count > Self.most ? kinds : every
    let times = steps.compactMap(\.seconds)
    let sum =
      isEstimated
      ? ["in total about \(ProgressDisplay.roughTime(times.reduce(0, +))) on this machine"] : []
    let hint = steps.count > Self.most ? ["--json lists every step"] : []
    return ([table.text, "", summary] + sum + hint).joined(separator: "\n")
  }

  /// A line for each step with what it does, cut to a terminal's width, and the total time.
  var estimatesText: String {
    let width = steps.map(\.name.count).max() ?? 0
    let lines = steps.map { step in
      let time =
        step.done ? "done" : step.seconds.map { "about " + ProgressDisplay.roughTime($0) } ?? ""
      let room = max(20, 80 - width - time.count - 4)
      let work = step.work ?? ""
      let short = work.count > room ? work.prefix(room - 1) + "…" : work
      return step.name.padded(to: width) + "  " + short.padded(to: room) + "  " + time
    }
    let sum = steps.compactMap(\.seconds).reduce(0, +)
    let total = "in total about \(ProgressDisplay.roughTime(sum)) on this machine"
    return (lines + ["", total]).joined(separator: "\n")
  }

  /// The largest number of steps that are shown one by one.
  private static let most = 60

  private var every: TextTable {
    var table = TextTable(["step", "needs", isEstimated ? "time" : ""], leading: 2)
    for (step, needs) in zip(steps, needs) {
      let time = step.seconds.map { "about " + ProgressDisplay.roughTime($0) } ?? ""
      table.add([step.name, needs, step.done ? "done" : time])
    }
    return table
  }

  private var kinds: TextTable {
    var table = TextTable(
      ["kind", "steps", "done", "the next one"] + (isEstimated ? ["time"] : []))
    for kind in ExperimentStep.Kind.allCases {
      let all = steps.filter { $0.kind == kind }
      guard !all.isEmpty else { continue }
      let next = all.first { !$0.done }?.name ?? ""
      let short = next.count > 48 ? next.prefix(47) + "…" : next
      let seconds = all.compactMap(\.seconds).reduce(0, +)
      table.add(
        [kind.rawValue, "\(all.count)", "\(all.count { $0.done })", short]
          + (isEstimated ? [seconds > 0 ? "about " + ProgressDisplay.roughTime(seconds) : ""] : []))
    }
    return table
  }
}

extension RunPlan.Step {
  /// `model normal`, `3 models`, `4 parts`, `all other steps`.
  fileprivate func needsInWords(models: Int) -> String {
    switch step {
    case .report: "all other steps"
    case .attack where needs.count > 1 && needs[0].kind == .part: "its \(needs.count) parts"
    case .attack where needs.count > 1, .part where needs.count > 1: "all \(models) models"
    default:
      needs.count > 2 ? "\(needs.count) models" : needs.map(\.name).joined(separator: ", ")
    }
  }
}

/// What is known of a step from the estimate of the undivided step.
private struct OwnEstimate {
  let work: String
  let isDone: Bool
  let seconds: Double?
  /// Whether the estimate knows by itself if the step is done.
  let decidesAlone: Bool

  /// The estimate of a step. The parts of an attack share its time, and merging them takes little.
  /// - Returns: nil if there are no estimates.
  init?(_ step: ExperimentStep, _ estimates: [String: StepEstimate], parts: Int) {
    var name = step.name
    var share: Double? = 1
    switch step {
    case .part(let attack, let source, let part):
      name = ExperimentStep.attack(attack, source: source).name
      share = 1 / Double(part.count)
    case .attack where parts > 1: share = nil
    default: break
    }
    guard let whole = estimates[name] else { return nil }
    work = share == nil ? "merge its parts" : whole.work
    isDone = whole.isDone
    seconds = share.flatMap { share in whole.seconds.map { $0 * share } }
    decidesAlone = [.model, .attack, .part].contains(step.kind)
  }
}
