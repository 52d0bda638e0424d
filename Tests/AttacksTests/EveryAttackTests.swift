import Attacks
import ModelCore
import Support
import TestSupport
import Testing

/// Each test states one law for all attacks: an attack takes part as soon as it is registered. The
/// slowest attacks take thousands of steps, so each law is tested only where it can break.
@Suite("Every registered attack against small models")
struct EveryAttackTests {
  static let models = TinyModel.all.indices
  /// Two of the frozen models, a convolutional one of two classes and a fully connected one of a
  /// hundred. Each computes the same function as the model before it, without tracked weights.
  static let frozenModels = [1, 7]

  /// An attack with its default settings, and its default goal for the first images of a model.
  private func attack(_ name: String, _ model: TinyModel, _ count: Int) throws -> (
    any Attack, Goal, Tensor, Tensor
  ) {
    let type = try AttackRegistry.type(named: name)
    let images = model.images.narrow(0, 0, count)
    let labels = model.labels.narrow(0, 0, count)
    let goal = type.defaultGoal.goal(
      for: labels, images: images, classifier: model.classifier, draws: .of(images, 61))
    // A surrogate has no default; the model itself will do.
    if type is SurrogateTransfer.Type, let network = model.classifier as? Network {
      return (try SurrogateTransfer(of: BasicIterativeMethod(), on: network), goal, images, labels)
    }
    // By default, the elastic net makes 18,000 passes.
    if type is ElasticNet.Type { return (ElasticNet(steps: 60), goal, images, labels) }
    if let attack = try AttackCase.ofFewQueries(name) { return (attack, goal, images, labels) }
    // By default, the one-pixel attack makes 40,400 queries.
    if type is OnePixel.Type {
      return (OnePixel(population: 40, generations: 10), goal, images, labels)
    }
    return (try type.init(Settings.none()), goal, images, labels)
  }

  private func accuracy(_ classifier: any Classifier, _ images: Tensor, _ labels: Tensor) -> Double
  {
    classifier.predictions(images).equals(labels).to(.float32).mean().scalar
  }

  @Test(
    "the models have learned something, so that there is something to attack", arguments: models)
  func learned(_ index: Int) {
    let model = TinyModel.all[index]
    #expect(accuracy(model.classifier, model.images, model.labels) > 0.9, "\(model)")
  }

  @Test(
    "an attack keeps the budget and the pixel range, and ε = 0 changes no bit",
    arguments: AttackRegistry.names, [2] + frozenModels)
  func bounds(_ name: String, _ index: Int) throws {
    let model = TinyModel.all[index]
    let (attack, goal, images, _) = try attack(name, model, model.isFrozen ? 7 : 1)
    let epsilons = [0, 0.1, 1]
    let sweep = attack.sweep(
      images, goal, epsilons: epsilons, against: model.classifier, draws: .of(images, 62))
    #expect(sweep.count == epsilons.count)
    for (epsilon, adversarial) in zip(epsilons, sweep) {
      let threat = attack.threat(epsilon, against: model.classifier)
      try Perturbation.check(adversarial, of: images, within: threat, attack: name)
      #expect(!adversarial.isTracked)
      #expect(adversarial.type == .float32)
    }
    #expect(sweep[0].floats() == images.floats())
  }

  @Test(
    "the same seed gives the same bits, and the inputs are unchanged",
    arguments: AttackRegistry.names, frozenModels)
  func reproducible(_ name: String, _ index: Int) throws {
    let model = TinyModel.all[index]
    let (attack, goal, images, labels) = try attack(name, model, 5)
    let (before, beforeLabels) = (images.floats(), labels.int64s())
    let run = {
      attack.sweep(images, goal, epsilons: [0.1], against: model.classifier, draws: .of(images, 63))
        .map {
          $0.floats()
        }
    }
    #expect(withoutGradients(run) == run())
    #expect(images.floats() == before)
    #expect(labels.int64s() == beforeLabels)
  }

  @Test(
    "accuracy never rises, and falls with a large budget", arguments: AttackRegistry.names,
    frozenModels)
  func accuracyFalls(_ name: String, _ index: Int) throws {
    let model = TinyModel.all[index]
    let (attack, goal, images, labels) = try attack(name, model, 40)
    let clean = accuracy(model.classifier, images, labels)
    let kind = type(of: attack)
    let budgets =
      !kind.budgetIsSize ? [0.02, 1] : attack.norm == .linf ? [0.02, 0.3] : [0.5, 20]
    let sweep = attack.sweep(
      images, goal, epsilons: budgets, against: model.classifier, draws: .of(images, 64))
    let found = sweep.map { accuracy(model.classifier, $0, labels) }
    #expect(found.allSatisfy { $0 <= clean }, "\(model): \(clean) → \(found)")
    // Noise may leave all predictions of a small network right.
    #expect(
      kind.isControl || found[1] < clean,
      "\(model): \(clean) → \(found)")
  }
}
