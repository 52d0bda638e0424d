import Datasets
import Support

extension ExperimentRun {
  /// The accuracies by group, from the predictions of the attacks; nil if the data have no groups.
  func groupCells(_ results: [TransferResult], _ data: LabelledImages) -> [GroupCell]? {
    data.annotations.groups.map { groups in
      let groups = groups.int64s()
      return results.flatMap { $0.groupCells(groups, names: data.groupNames) }
    }
  }

  /// Checks that an experiment that says how masks are used has data with masks.
  /// - Throws: `Failure.badData`.
  func checkMasks(_ data: LabelledImages) throws {
    guard experiment.reliance != nil, !data.hasMasks else { return }
    throw Failure.badData(
      "\(data.name) has no masks, and 'reliance' measures with their help",
      hint: "use data with masks, or remove 'reliance' from the experiment")
  }

  /// The request of a model's reliance on masked features if it is still to be measured; nil if it
  /// is stored, or if the data have no masks.
  func missingReliance(_ model: Contestant, _ data: LabelledImages) -> String? {
    guard data.hasMasks else { return nil }
    let request = relianceRequest(model, data)
    return RelianceFile.read(folder.reliance(model.name), request: request) == nil ? request : nil
  }

  /// Measures the reliance of a model on masked features and stores it.
  func measureReliance(_ model: Contestant, _ data: LabelledImages, request: String) throws {
    progress.begin("masks and \(model.name)", total: data.count, unit: "images")
    let reliance = MaskReliance(
      of: model, on: data, plan: experiment.reliance ?? ReliancePlan(), seed: relianceSeed,
      evaluator: evaluator
    ) { progress.update($0) }
    progress.end(nil)
    try RelianceFile.write(reliance, request: request, to: folder.reliance(model.name))
  }

  /// The stored reliance of each model on masked features; nil if the data have no masks or no mask
  /// marks anything.
  func reliance(_ models: [Contestant], _ data: LabelledImages) -> [MaskReliance]? {
    guard data.hasMasks else { return nil }
    let all = models.compactMap { model in
      RelianceFile.read(
        folder.reliance(model.name), request: relianceRequest(model, data)
      )?.flatMap { $0 }
    }
    return all.isEmpty ? nil : all
  }

  private var relianceSeed: Seed { experiment.seed.derive("reliance") }

  private func relianceRequest(_ model: Contestant, _ data: LabelledImages) -> String {
    let plan = experiment.reliance ?? ReliancePlan()
    let parts = [
      "reliance 1", device.kind, model.fingerprint, data.fingerprint, "\(relianceSeed.value)",
      plan.text(in: data.valueRange),
    ]
    return Digest.hex(of: parts.joined(separator: "\n"))
  }
}
