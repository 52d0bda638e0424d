import Attacks
import Datasets
import Defenses
import Foundation
import ModelCore
import Support

/// A step of an experiment with the time that it is expected to take, as `--dry-run` shows it.
public struct StepEstimate: Codable, Equatable, Sendable {
  /// The name of the step.
  public let step: String
  /// What the step does, in one line.
  public let work: String
  /// Whether the run folder has its result already.
  public let isDone: Bool
  /// The expected time on this machine; nil if the step is done or takes little time.
  public let seconds: Double?
}

/// Estimates how long the steps of an experiment will take, by running a small part of each.
///
/// For a model, three training steps are timed. For an attack, the number of passes for two images
/// is counted and multiplied by the time of a pass per image in a whole batch.
///
/// The estimates are orders of magnitude. Models that are not trained yet are replaced by untrained
/// ones, and an attack that stops early needs fewer passes on a weak model than on a robust one.
public struct StepEstimates {
  let run: ExperimentRun
  let training: TrainingImages?
  let attacked: LabelledImages
  let test: LabelledImages
  /// The models so far; those that are not trained yet are untrained, and those that do not exist
  /// are missing.
  var entrants: [String: Contestant] = [:]
  /// The search for models with other explanations; nil if none are looked for.
  var search: ExplanationSearch?
  private var passes: [String: PassTimes] = [:]
  var allTrained = true

  public private(set) var all: [StepEstimate] = []

  /// - Parameter folder: the run folder, if there is one already.
  public init(
    _ experiment: Experiment, folder: URL, device: Device, evaluator: Evaluator,
    progress: ProgressDisplay
  )
    throws
  {
    run = ExperimentRun(
      experiment, folder: RunFolder(looking: folder), device: device, evaluator: evaluator,
      progress: progress)
    // The folder is only looked at.
    let cache = run.folder.dataCache(writing: false)
    training = try experiment.trainingImages(
      for: experiment.models, cache: cache, progress: progress)
    let test = try experiment.testImages(cache: cache, progress: progress)
    attacked = test.attacked
    self.test = test.all
    search = try run.search(experiment.models, training, test.all)
    progress.begin("estimate", total: experiment.steps.count, unit: "steps")
    for (number, step) in experiment.steps.enumerated() {
      all.append(try estimate(step))
      progress.update(number + 1)
    }
    progress.end(nil)
  }

  private mutating func estimate(_ step: ExperimentStep) throws -> StepEstimate {
    let experiment = run.experiment
    switch step {
    case .model(let name):
      guard let plan = experiment.models.first(where: { $0.name == name }) else {
        preconditionFailure("no \(name)")
      }
      return try estimate(plan, step)
    case .attack(let name, let source):
      guard let plan = experiment.attacks.first(where: { $0.name == name }) else {
        preconditionFailure("no \(step.name)")
      }
      guard let attacked = entrants[source] else { return .absent(step) }
      return try estimate(plan, attacked, step)
    case .part:
      preconditionFailure("attacks are estimated as a whole")
    case .probe(let name) where entrants[name] == nil,
      .certificate(_, let name) where entrants[name] == nil,
      .explanation(let name) where entrants[name] == nil:
      return .absent(step)
    case .certificate(let name, let model):
      guard let certified = entrants[model] else { preconditionFailure("absent above") }
      return try estimate(certificate: name, of: certified, step)
    case .explanation(let name): return try estimate(explanationOf: name, step)
    case .probe:
      return StepEstimate(
        step: step.name, work: "measure its gradients and outputs", isDone: false, seconds: nil)
    case .repetition:
      return StepEstimate(
        step: step.name, work: "the steps above from another seed", isDone: false, seconds: single)
    case .report:
      return StepEstimate(
        step: step.name, work: "write the grid, the pictures and the report", isDone: false,
        seconds: nil)
    }
  }

  // MARK: Models

  private mutating func estimate(_ plan: ModelPlan, _ step: ExperimentStep) throws -> StepEstimate {
    if case .another(let found) = plan.origin { return try estimate(plan, found, step) }
    let isDone = run.isThere(plan, training)
    let members = plan.origin.needs.compactMap { entrants[$0] }
    var seconds: Double?
    switch plan.origin {
    case .ensemble: entrants[plan.name] = try run.ensemble(plan.name, members).contestant
    case .training(let recipe) where !isDone:
      guard let training else { preconditionFailure("no training images") }
      let train = try training.train.images()
      let network = try fresh(recipe, train).preceded(by: plan.transform)
      entrants[plan.name] = try Contestant(name: plan.name, network)
      seconds = try self.seconds(recipe, train)
      allTrained = false
    case .training:
      entrants[plan.name] = try run.entrant(plan, run.load(plan, training, nil), attacked)
        .contestant
      entrants[plan.name].map { search?.note($0) }
    case .file:
      entrants[plan.name] = try run.entrant(plan, run.load(plan, nil, attacked), attacked)
        .contestant
    case .model: entrants[plan.name] = members.first
    case .another: preconditionFailure("estimated above")
    }
    return StepEstimate(step: step.name, work: plan.work, isDone: isDone, seconds: seconds)
  }

  /// The seconds of the steps so far, without repetitions.
  private var single: Double {
    all.filter { !$0.step.hasPrefix("repetition ") }.compactMap(\.seconds).reduce(0, +)
  }

  func fresh(_ plan: TrainingPlan, _ images: LabelledImages) throws -> Network {
    try plan.architecture.network(
      input: images.shape, classNames: images.classNames, valueRange: images.valueRange,
      seed: Seed(0), device: run.device)
  }

  /// The seconds of a training and of the trainings that it needs, such as that of a teacher.
  func seconds(_ plan: TrainingPlan, _ images: LabelledImages) throws -> Double {
    let helpers = Sum()
    let network = try fresh(plan, images)
    let objective = try plan.defense.objective(
      Preparation(network, data: images) { _, defense in
        let helper = TrainingPlan(
          architecture: plan.architecture, defense: defense, settings: plan.settings)
        helpers.value += try seconds(helper, images)
        return try fresh(plan, images)
      })
    let learned = images.count - plan.settings.validation.heldOutCount
    let batch = min(plan.settings.batchSize, learned)
    var settings = plan.settings
    settings.epochs = 1
    settings.validation = 0
    settings.patience = nil
    settings.keep = .last
    settings.criterion = .accuracy
    let trainer = Trainer(settings, objective: objective)
    _ = try trainer.train(network, on: images.prefix(batch), title: "")
    let steps = min(3, learned / batch)
    let taken = try Self.time {
      _ = try trainer.train(network, on: images.prefix(steps * batch), title: "")
    }
    return helpers.value + taken / Double(steps * batch) * Double(learned * plan.settings.epochs)
  }

  private final class Sum { var value = 0.0 }

  // MARK: Attacks

  private mutating func estimate(_ plan: AttackPlan, _ source: Contestant, _ step: ExperimentStep)
    throws
    -> StepEstimate
  {
    let victims = run.experiment.models.compactMap { entrants[$0.name] }
    let runner = try run.runner(plan, source, victims, attacked)
    let place = run.folder.predictions(attack: plan.name, source: source.name)
    let isDone = allTrained && PredictionFile.read(place, request: runner.request) != nil
    let budgets = plan.epsilons.count
    let work =
      "\(runner.count) examples, \(budgets) budget\(budgets == 1 ? "" : "s"), "
      + "\(victims.count) victim\(victims.count == 1 ? "" : "s")"
    guard !isDone else {
      return StepEstimate(step: step.name, work: work, isDone: true, seconds: nil)
    }
    let sample = AttackPlan(
      name: plan.name, attack: plan.attack, goal: plan.goal, mask: plan.mask,
      epsilons: plan.epsilons, count: min(2, attacked.count))
    let tried = try run.runner(sample, source, [source], attacked)
    let cost = try tried.run(keep: 0) { _ in }.result.cost
    let own = passTimes(source)
    let attack =
      (Double(cost.forwards) * own.forward + Double(cost.backwards) * own.backward)
      / Double(tried.count)
    let judging =
      victims.map { passTimes($0).forward }.reduce(0, +)
      * Double(budgets * run.experiment.judgements)
    return StepEstimate(
      step: step.name, work: work, isDone: false, seconds: Double(runner.count) * (attack + judging)
    )
  }

  private mutating func passTimes(_ model: Contestant) -> PassTimes {
    if let known = passes[model.name] { return known }
    let count = min(run.evaluator.batchSize, attacked.count)
    let images = attacked.batch(0..<count).images.to(model.classifier.device)
    let labels = attacked.batch(0..<count).labels.to(model.classifier.device)
    func perImage(_ body: () -> Void) -> Double {
      body()
      return Self.time(body) / Double(count)
    }
    let forward = perImage { _ = model.classifier.predictions(images).int64s() }
    let both = perImage {
      _ = model.classifier.inputGradient(at: images) { $0.crossEntropy(labels).sum() }.sum().scalar
    }
    let times = PassTimes(forward: forward, backward: max(0, both - forward))
    passes[model.name] = times
    return times
  }

  /// The seconds of a forward and of a backward pass per image in a whole batch.
  private struct PassTimes {
    let forward: Double
    let backward: Double
  }

  private static func time(_ body: () throws -> Void) rethrows -> Double {
    let started = ContinuousClock.now
    try body()
    return (ContinuousClock.now - started).seconds
  }
}

extension ModelPlan {
  /// What the step of the model does, in one line.
  fileprivate var work: String {
    switch origin {
    case .training(let plan): "train \(plan.text), \(plan.defense.text)"
    case .file(let url, _): "read \(url.path)"
    case .model(let other): "use the weights of \(other)"
    case .another(let found): found.work
    case .ensemble(let others): "average the logits of \(others.joined(separator: ", "))"
    }
  }
}
