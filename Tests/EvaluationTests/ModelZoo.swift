import Attacks
import Datasets
import Defenses
import ModelCore
import Support

/// A classifier whose logits are computed by a function of the images.
struct Computed: Classifier {
  let like: any Classifier
  let body: @Sendable (Tensor) -> Tensor

  init(like: any Classifier, _ body: @escaping @Sendable (Tensor) -> Tensor) {
    (self.like, self.body) = (like, body)
  }

  var inputShape: InputShape { like.inputShape }
  var classCount: Int { like.classCount }
  var valueRange: ClosedRange<Double> { like.valueRange }
  var device: Device { like.device }
  func logits(_ images: Tensor) -> Tensor { body(images) }
}

/// An activation that keeps the largest tenth of the numbers and sets the others to zero: k winners
/// take all (C. Xiao, P. Zhong and C. Zheng, 2020). It jumps where the order changes.
private struct KWinners: Layer {
  static let keyword = "kwinners"
  init() {}
  init(_ words: inout LayerWords) {}
  var text: String { Self.keyword }
  func outputShape(of input: [Int]) -> [Int] { input }

  func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    let count = max(1, x.shape[1] / 10)
    let smallest = x.topK(count, 1).values.narrow(1, count - 1, 1).detached
    return x * (x - smallest).isAtLeast(0).to(.float32)
  }
}

/// Small models of the digits of `mnist5k`: some whose gradients tell the truth, and some that only
/// seem robust because their gradients do not.
struct ModelZoo {
  struct Model {
    let name: String
    let classifier: any Classifier
    /// The same model with honest gradients, or one so close to it that its adversarial examples
    /// transfer; nil for an honest model.
    let open: (any Classifier)?
    var isHonest: Bool { open == nil }
  }

  let models: [Model]
  let images: LabelledImages

  /// Trains and builds all models.
  init() throws {
    let data = try DataReference("mnist5k")
    let training = try data.load(.train)
    images = try data.load(.test).prefix(256)

    func network(_ layers: LayerList, seed: UInt64) throws -> Network {
      let description = try NetworkDescription(
        input: training.shape, layers: layers, classNames: training.classNames)
      return try Network(description, initialization: .kaimingUniform, seed: Seed(seed))
    }
    func trained(
      _ network: Network, _ objective: any Objective = CrossEntropy(), epochs: Int = 3
    ) throws -> Network {
      let settings = TrainingSettings(epochs: epochs, batchSize: 64, seed: Seed(11))
      _ = try Trainer(settings, objective: objective).train(network, on: training, title: "zoo")
      return network
    }
    func small(_ seed: UInt64 = 1) throws -> Network {
      try Architecture.named("small").network(
        input: training.shape, classNames: training.classNames, seed: Seed(seed))
    }
    let plain = try trained(small())
    let byGradientSign = try trained(
      small(), AdversarialTraining(InnerAttack(FastGradientSign(), epsilon: 0.1)))
    let pgd = ProjectedGradientDescent(StepSchedule(steps: 5, relative: 2.5))
    let byDescent = try trained(small(), AdversarialTraining(InnerAttack(pgd, epsilon: 0.1)))
    let smooth = try trained(small(), GradientRegularization(lambda: 10))
    let linear = try trained(network(LayerList(["flatten", "linear 10"]), seed: 3))
    let dropout = try trained(
      network(
        LayerList(["flatten", "linear 256", "relu", "dropout 0.5", "linear 10"]), seed: 4))
    let winners = try trained(
      network(
        LayerList(
          LayerList(["flatten", "linear 256"]).layers + [KWinners()]
            + LayerList(["linear 10"]).layers), seed: 5))
    let untrained = try small(6)

    let hint = { @Sendable (x: Tensor) in untrained.logits(x) * 0.01 }
    let levels = { @Sendable (x: Tensor) in (x * 7).rounded / 7 }
    let blur = { @Sendable (x: Tensor) in
      x.padded(left: 1, right: 1, top: 1, bottom: 1).averagePooled(Window(kernel: 3))
    }
    let noise = RandomSource(Seed(7))
    func honest(_ name: String, _ classifier: any Classifier) -> Model {
      Model(name: name, classifier: classifier, open: nil)
    }
    func hiding(
      _ name: String, open: any Classifier, _ body: @escaping @Sendable (Tensor) -> Tensor
    ) -> Model {
      Model(name: name, classifier: Computed(like: plain, body), open: open)
    }
    models = [
      honest("plain", plain), honest("trained on FGSM", byGradientSign),
      honest("trained on PGD", byDescent), honest("double backpropagation", smooth),
      honest("linear", linear), honest("untrained", untrained),
      hiding("logits × 1000", open: plain) { plain.logits($0) * 1e3 },
      hiding("logits ÷ 1000", open: plain) { plain.logits($0) / 1e3 },
      hiding("temperature 50", open: plain) { plain.logits($0) * 50 },
      hiding("probabilities", open: plain) { plain.logits($0).softmax() },
      hiding("probabilities of logits × 10", open: plain) { (plain.logits($0) * 10).softmax() },
      hiding("8 levels", open: plain) { plain.logits(levels($0)) },
      hiding("8 levels, small open path", open: plain) { plain.logits(levels($0)) + hint($0) },
      hiding("blur and 8 levels", open: Computed(like: plain) { plain.logits(blur($0)) }) {
        plain.logits(levels(blur($0)))
      },
      hiding(
        "saturating first layer",
        open: Computed(like: plain) {
          plain.logits(((($0 - 0.05) * 40)).sigmoid)
        }
      ) {
        plain.logits((($0 - 0.05) * 4000).sigmoid)
      },
      hiding("detached, small open path", open: plain) { plain.logits($0.detached) + hint($0) },
      hiding(
        "half detached",
        open: Computed(like: plain) { plain.logits($0) + byGradientSign.logits($0) }
      ) {
        plain.logits($0) + byGradientSign.logits($0.detached)
      },
      hiding(
        "nine tenths detached",
        open: Computed(like: plain) { plain.logits($0) + byGradientSign.logits($0) * 9 }
      ) { plain.logits($0) + byGradientSign.logits($0.detached) * 9 },
      hiding("rounded logits, small open path", open: plain) {
        plain.logits($0).rounded + hint($0)
      },
      hiding("noise", open: plain) { plain.logits($0 + noise.normal($0.shape) * 0.3) },
      Model(
        name: "dropout left on",
        classifier: dropout.behaving(.training(dropout: Seed(8), updatesStatistics: false)),
        open: dropout),
      Model(name: "k winners take all", classifier: winners, open: plain),
    ]
  }
}
