import Attacks
import ModelCore
import Support
import TestSupport
import Testing

/// The architectures `mlp` and `small`, computed in double precision with the weights of a network.
private struct DoublePrecision {
  private let weights: [String: Tensor]

  init(_ network: Network) {
    let state = network.state().map { ($0.name, $0.tensor.to(.float64)) }
    weights = Dictionary(uniqueKeysWithValues: state)
  }

  /// The class of each image, int64 `[N]`.
  func predictions(_ images: Tensor) -> Tensor {
    withoutGradients {
      let x = images.to(.float64)
      let logits =
        weights["0.weight"] == nil
        ? linear(linear(linear(x.flattened, 1).relu, 3).relu, 5)
        : linear(linear(convolved(convolved(x, 0).relu, 2).relu.flattened, 5).relu, 7)
      return logits.argmax(1)
    }
  }

  private func linear(_ x: Tensor, _ layer: Int) -> Tensor {
    x.linear(weights["\(layer).weight"]!, bias: weights["\(layer).bias"]!)
  }

  private func convolved(_ x: Tensor, _ layer: Int) -> Tensor {
    x.convolved(
      weights["\(layer).weight"]!, bias: weights["\(layer).bias"]!,
      window: Window(kernel: Pair(4, 4), stride: Pair(2, 2), padding: Pair(1, 1)))
  }
}

@Suite("An adversarial image that reaches its goal reaches it in double precision, too")
struct DoublePrecisionTests {
  /// A convolutional network of two classes and a fully connected one of a hundred. The models after
  /// them compute the same functions.
  static let models = [0, 6]

  private func attack(_ name: String, on network: Network) throws -> any Attack {
    name == SurrogateTransfer.name
      ? try SurrogateTransfer(of: BasicIterativeMethod(), on: network)
      : name == ElasticNet.name
        ? ElasticNet(steps: 60)
        : name == OnePixel.name
          ? OnePixel(population: 40, generations: 10)
          : try AttackCase.ofFewQueries(name)
            ?? AttackRegistry.type(named: name).init(Settings.none())
  }

  @Test(
    "no image is lost when it is judged again in double precision",
    arguments: AttackRegistry.names, models)
  func survives(_ name: String, _ index: Int) throws {
    let model = TinyModel.all[index]
    let network = try #require(model.classifier as? Network)
    let attack = try attack(name, on: network)
    // The frozen form of the network is faster.
    let frozen = TinyModel.all[index + 1].classifier
    let isSlow = [
      "autoattack", "cw", "spsa", "fab", "fmn", "alma", "ead", "superdeepfool", "sigma-zero",
      "hopskipjump", "boundary", "surfree", "nes", "bandits",
    ].contains(name)
    let count = isSlow ? 20 : 100
    let images = model.images.narrow(0, 0, count)
    let goal = type(of: attack).defaultGoal.goal(
      for: model.labels.narrow(0, 0, count), images: images, classifier: frozen,
      draws: .of(images, 71))
    let budgets = attack.norm == .linf ? [0.05, 0.3] : [0.5, 20]
    let sweep = attack.sweep(
      images, goal, epsilons: budgets, against: frozen, draws: .of(images, 72))
    let double = DoublePrecision(network)
    for found in sweep {
      let reached = goal.isReached(frozen.predictions(found))
      let lost = reached.and(goal.isReached(double.predictions(found)).inverted)
      #expect(lost.to(.int64).sum().scalar == 0, "\(model)")
    }
  }

  @Test(
    "the smallest perturbations reach their goal by more than rounding",
    arguments: [
      "deepfool", "fab", "cw", "ddn", "fmn", "alma", "superdeepfool", "sigma-zero", "sparsefool",
      "bisection",
    ], models)
  func clearly(_ name: String, _ index: Int) throws {
    let model = TinyModel.all[index]
    let network = try #require(model.classifier as? Network)
    let frozen = TinyModel.all[index + 1].classifier
    let count =
      ["cw", "fab", "fmn", "alma", "superdeepfool", "sigma-zero"].contains(name) ? 20 : 100
    let images = model.images.narrow(0, 0, count)
    let goal = Goal.away(from: model.labels.narrow(0, 0, count))
    let attack = try attack(name, on: network)
    let found = attack.sweep(
      images, goal, epsilons: [1000], against: frozen, draws: .of(images, 73))[0]
    let changed = attack.norm.size(found - images).isGreater(than: 0)
    let clear = goal.isClearlyReached(frozen.logits(found).detached)
    #expect(changed.and(clear.inverted).any().isTrue == false)
    #expect(changed.to(.float32).mean().scalar > 0.5)
  }

  @Test("a goal is clearly reached if the margin is more than the rounding of the logits")
  func margins() {
    let goal = Goal.away(from: Tensor(labels: [0, 0, 0, 0]))
    let logits = Tensor(
      [1, 1.00002, 1, 1.000002, 1, 0.5, .nan, 1] as [Float], shape: [4, 2])
    #expect(goal.isClearlyReached(logits).int64s() == [1, 0, 0, 0])
    #expect(goal.isReached(logits.predictedClasses).int64s() == [1, 1, 0, 1])
  }
}
