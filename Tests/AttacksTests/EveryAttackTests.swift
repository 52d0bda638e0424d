import Attacks
import ModelCore
import Support
import Testing

@Suite("Every registered attack, against every small model")
struct EveryAttackTests {
  static let epsilons = [0, 0.01, 0.1, 0.3, 1]

  /// An attack with its default settings, and its default goal for a model's images.
  private func attack(_ name: String, _ model: TinyModel, _ count: Int) throws -> (any Attack, Goal, Tensor, Tensor) {
    let type = try AttackRegistry.type(named: name)
    let images = model.images.narrow(0, 0, count)
    let labels = model.labels.narrow(0, 0, count)
    let goal = type.defaultGoal.goal(
      for: labels, images: images, first: 0, classifier: model.classifier, seed: Seed(61))
    return (try type.init(Settings.none()), goal, images, labels)
  }

  private func accuracy(_ classifier: any Classifier, _ images: Tensor, _ labels: Tensor) -> Double {
    classifier.predictions(images).equals(labels).to(.float32).mean().scalar
  }

  @Test("keeps budget and range, and its pixels are numbers", arguments: AttackRegistry.names, TinyModel.all.indices)
  func bounds(_ name: String, _ index: Int) throws {
    let model = TinyModel.all[index]
    for count in [1, 7] {
      let (attack, goal, images, _) = try attack(name, model, count)
      let sweep = attack.sweep(images, goal, epsilons: Self.epsilons, against: model.classifier, random: Seed(62))
      #expect(sweep.count == Self.epsilons.count)
      for (epsilon, adversarial) in zip(Self.epsilons, sweep) {
        let threat = attack.threat(epsilon, against: model.classifier)
        try Perturbation.check(adversarial, of: images, within: threat, attack: name)
        #expect(!adversarial.isTracked)
        #expect(adversarial.type == .float32)
      }
    }
  }

  @Test("same seed, same images, bit for bit", arguments: AttackRegistry.names, TinyModel.all.indices)
  func reproducible(_ name: String, _ index: Int) throws {
    let model = TinyModel.all[index]
    let (attack, goal, images, _) = try attack(name, model, 5)
    func run() -> [[Float]] {
      attack.sweep(images, goal, epsilons: [0.05, 0.3], against: model.classifier, random: Seed(63)).map { $0.floats() }
    }
    #expect(run() == run())
  }

  @Test("the models have learned something, or nothing would be attacked", arguments: TinyModel.all.indices)
  func learned(_ index: Int) {
    let model = TinyModel.all[index]
    #expect(accuracy(model.classifier, model.images, model.labels) > 0.9, "\(model)")
  }

  @Test("accuracy does not rise, and falls where there is room", arguments: AttackRegistry.names, TinyModel.all.indices)
  func accuracyFalls(_ name: String, _ index: Int) throws {
    let model = TinyModel.all[index]
    let (attack, goal, images, labels) = try attack(name, model, 100)
    let clean = accuracy(model.classifier, images, labels)
    let sweep = attack.sweep(images, goal, epsilons: [0.02, 0.1, 0.3], against: model.classifier, random: Seed(64))
    let found = sweep.map { accuracy(model.classifier, $0, labels) }
    #expect(found.allSatisfy { $0 <= clean }, "\(model): \(clean) → \(found)")
    #expect(found[2] < clean, "\(model): \(clean) → \(found)")
  }

  @Test("ε = 0 changes nothing, bit for bit", arguments: AttackRegistry.names, TinyModel.all.indices)
  func noBudget(_ name: String, _ index: Int) throws {
    let model = TinyModel.all[index]
    let (attack, goal, images, _) = try attack(name, model, 5)
    let same = attack.sweep(images, goal, epsilons: [0], against: model.classifier, random: Seed(65))[0]
    #expect(same.floats() == images.floats())
  }

  @Test("images and labels stay as they were", arguments: AttackRegistry.names)
  func inputsStay(_ name: String) throws {
    let model = TinyModel.all[0]
    let (attack, goal, images, labels) = try attack(name, model, 5)
    let (before, beforeLabels) = (images.floats(), labels.int64s())
    _ = attack.sweep(images, goal, epsilons: [0.3], against: model.classifier, random: Seed(66))
    #expect(images.floats() == before)
    #expect(labels.int64s() == beforeLabels)
  }

  @Test("an attack works where gradients are not recorded", arguments: AttackRegistry.names)
  func withoutRecording(_ name: String) throws {
    let model = TinyModel.all[0]
    let (attack, goal, images, _) = try attack(name, model, 5)
    let run = { attack.sweep(images, goal, epsilons: [0.1], against: model.classifier, random: Seed(67))[0].floats() }
    #expect(withoutGradients(run) == run())
  }
}
