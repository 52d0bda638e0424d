import Attacks
import Datasets
import Defenses
import Foundation
import ModelCore
import Support

/// Chooses the value of a setting of a defense by one of the rules of `Tuning`.
///
/// The model is trained once for every value, and the undefended model once if there is one, all
/// without the held-out images. Then all are evaluated on the held-out images, or on the data's own
/// validation images. Test images are never used. An
/// interrupted run continues: models that are already in the folder are not trained again.
public struct TuningRun {
  public let experiment: Experiment
  /// The name of the model whose defense is tuned.
  public let model: String
  /// The name of the undefended model; nil for none.
  public let reference: String?
  /// The name of the setting.
  public let setting: String
  /// The values to try, in ascending order.
  public let values: [Double]
  public let rule: Tuning.Rule
  /// The images on which the models are compared.
  public let validation: ValidationImages
  public let folder: RunFolder
  public let device: Device
  public let progress: ProgressDisplay
  private let plans: [(name: String, plan: TrainingPlan)]

  /// - Parameters:
  ///   - reference: the undefended model. The rule `black-box` needs it.
  ///   - epochs: the number of epochs of every training; nil for those of the experiment.
  /// - Throws: `Failure.usage` if the experiment does not train such a model, or if its defense has
  ///   no such setting or refuses a value.
  public init(
    _ experiment: Experiment, model: String, reference: String?, setting: String,
    values: [Double], validation: ValidationImages, rule: Tuning.Rule = .blackBox,
    epochs: Int? = nil, folder: RunFolder, device: Device, progress: ProgressDisplay
  ) throws {
    self.experiment = experiment
    self.model = model
    self.reference = reference
    self.setting = setting
    self.values = Array(Set(values)).sorted()
    self.validation = validation
    self.rule = rule
    self.folder = folder
    self.device = device
    self.progress = progress
    func plan(_ name: String) throws -> TrainingPlan {
      var plan = try Self.plan(name, experiment)
      plan.settings.epochs = epochs ?? plan.settings.epochs
      plan.settings.validation = validation
      return plan
    }
    guard reference != nil || rule != .blackBox else {
      throw Failure.usage(
        "the rule black-box compares models on the examples of an undefended model, and none is named",
        hint: "name a model of the experiment with --reference, or use --rule worst-group")
    }
    let tuned = try plan(model)
    plans =
      try [reference].compactMap { $0 }.map { ($0, try plan($0)) }
      + (try self.values.map { value in
        let defense = try tuned.defense.setting(setting, to: value)
        var plan = tuned
        plan.defense = defense
        return ("\(setting)-\(value.plainDecimal)", plan)
      })
  }

  private static func plan(_ name: String, _ experiment: Experiment) throws -> TrainingPlan {
    guard let found = experiment.models.first(where: { $0.name == name }) else {
      throw Failure.usage(
        "experiment \(experiment.name) has no model '\(name)'",
        hint: hint(for: name, among: experiment.models.map(\.name)))
    }
    guard case .training(var plan) = found.origin else {
      throw Failure.usage(
        "model \(name) is not trained in experiment \(experiment.name), so it cannot be tuned",
        hint: "name a model with an architecture or a defense of its own")
    }
    plan.settings.seed = experiment.seed.derive("train \(name)")
    return plan
  }

  /// Trains the models that the folder does not have yet, evaluates all, and writes `tuning.json`
  /// and `tuning.csv`.
  /// - Throws: `Failure.badData` if the rule is `worst-group` and the held-out images lack groups of
  ///   the training images, before anything is trained.
  public func run() throws -> Tuning {
    guard let claim = try Claim(folder.url.appending(path: ".claims/tune")) else {
      throw Failure.cannotWrite(
        "another crossfire is at work in \(folder.url.path)",
        hint: "wait until it has finished, or choose another folder with --out")
    }
    defer { withExtendedLifetime(claim) {} }
    let all = try TrainingImages(experiment.data, for: plans.map(\.plan), progress: progress)
    let (rest, heldOut) = try divided(all)
    if rule == .worstGroup { try ValidationCriterion.worstGroup.check(heldOut, against: rest) }
    let contestants = try plans.map { name, plan in
      let file = try ModelTraining(
        name: name, plan: plan, training: all.train, test: nil, validation: all.validation,
        device: device, progress: progress
      ).run(into: folder.model(name))
      return try Contestant(name: name, file.network)
    }
    let (result, plan) = try judge(contestants, heldOut)
    let cells = result.cells()
    let groups = heldOut.annotations.groups.map {
      result.groupCells($0.int64s(), names: heldOut.groupNames)
    }
    func byGroup(_ name: String?) -> GroupAccuracies? {
      groups?.first { $0.victim == name && $0.epsilon == 0 }?.accuracies
    }
    let candidates = values.map { value in
      let name = "\(setting)-\(value.plainDecimal)"
      return Tuning.Candidate(
        value: value, cells: cells.filter { $0.victim == name }, byGroup: byGroup(name))
    }
    let tuning = Tuning(
      experiment: experiment.name, model: model, setting: setting, rule: rule,
      reference: reference ?? "",
      referenceCells: cells.filter { $0.victim == reference },
      referenceByGroup: byGroup(reference), candidates: candidates,
      checks: SingleChecks(
        probes: contestants.map { probe($0, heldOut, plan) }, results: [result],
        plans: [plan], classCount: heldOut.classCount))
    try AtomicFile.write(tuning.csv(), to: folder.url.appending(path: "tuning.csv"))
    try AtomicFile.write(tuning.json(), to: folder.url.appending(path: "tuning.json"))
    return tuning
  }

  /// The images to learn from, and those on which the models are compared.
  private func divided(_ images: TrainingImages) throws -> (LabelledImages, LabelledImages) {
    if let validation = images.validation {
      return (try images.train.images(), try validation.images())
    }
    let (rest, heldOut) = try ModelTraining.split(images.train.images(), validation.heldOutCount)
    return (rest, heldOut)
  }

  /// Shows the first model's examples of the held-out images to all models: for the rule `black-box`
  /// those of the undefended model, and for `worst-group` the unchanged images alone.
  private func judge(_ contestants: [Contestant], _ heldOut: LabelledImages) throws -> (
    TransferResult, AttackPlan
  ) {
    let plan = AttackPlan(
      name: FastGradientSign.name, attack: FastGradientSign(), goal: .untargeted,
      epsilons: rule == .blackBox ? [0] + Tuning.epsilons : [0])
    let runner = try TransferRunner(
      plan: plan, source: contestants[0], victims: contestants, data: heldOut,
      seed: experiment.seed.derive("tune"))
    progress.begin(
      reference.map { "examples of \($0)" } ?? "held-out images", total: runner.count,
      unit: "examples")
    let result = try runner.run(keep: 0) { progress.update($0) }.result
    progress.end(nil)
    return (result, plan)
  }

  /// Only the reference is attacked, so that only its probe is compared with the attack.
  private func probe(_ model: Contestant, _ heldOut: LabelledImages, _ plan: AttackPlan)
    -> ModelProbe
  {
    ModelProbe(
      checking: model, on: heldOut, beside: model.name == reference ? [plan] : [],
      seed: experiment.seed.derive("tune"), progress: progress)
  }
}

extension DefenseSum {
  /// The same defense with another value of one of its settings.
  /// - Throws: `Failure` if not exactly one member has such a setting, or if the setting cannot
  ///   have that value.
  func setting(_ name: String, to value: Double) throws -> DefenseSum {
    let owners = members.indices.filter {
      members[$0].defense.parameters.contains { $0.name == name }
    }
    guard owners.count == 1 else {
      let known = members.flatMap { $0.defense.parameters.map(\.name) }
      let reason =
        owners.isEmpty
        ? "has no setting '\(name)'" : "has the setting '\(name)' \(owners.count) times"
      throw Failure.usage("\(text) \(reason)", hint: hint(for: name, among: known))
    }
    return DefenseSum(
      try members.enumerated().map { index, member in
        guard index == owners[0] else { return member }
        let place = "\(name) = \(value.plainDecimal)"
        let entries = member.defense.parameters.map {
          Settings.Entry(
            name: $0.name, value: .scalar($0.name == name ? value.plainDecimal : $0.value),
            place: place)
        }
        let defense = try DefenseRegistry.defense(
          named: type(of: member.defense).name, Settings(entries, place: place))
        return Member(defense, weight: member.weight)
      })
  }
}
