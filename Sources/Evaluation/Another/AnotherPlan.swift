import Defenses
import Support

/// How an experiment looks for models that are right for other reasons ("find another explanation"):
/// the entry `another` of an experiment.
///
/// The sequential method trains one model after the other. Each has a penalty (`rrr`) on its input
/// gradients where the explanations of the models before it have large components. The simultaneous
/// method trains all models together, and penalises pairs with similar input gradients.
///
/// Sources: A. Ross, M. Hughes and F. Doshi-Velez, "Right for the Right Reasons" (2017), section 3;
/// A. Ross, "Training Machine Learning Models by Regularizing their Explanations" (2018), appendix C.
public struct AnotherPlan: Configurable, Equatable {
  public enum Method: String, Codable, Sendable, CaseIterable {
    /// One model after the other, each with the union of the masks of those before it.
    case sequential
    /// All models together, with a penalty on the squared cosine of their input gradients.
    case simultaneous
  }

  /// Of what the explanations are gradients.
  public enum Place: String, Codable, Sendable, CaseIterable {
    /// The numbers of the examples.
    case inputs
    /// The codes that the experiment's autoencoder gives to pictures.
    case codes
  }

  /// The name of the model whose training is repeated. In the sequential method it is also the first
  /// model, θ₁.
  public var of: String
  public var method: Method
  /// Of what the explanations are gradients. With codes, every model is the encoder and a network
  /// that takes its codes, with the architecture and the training of the model `of`.
  public var place: Place
  /// The largest number of models; in the sequential method with the first one.
  public var count: Int
  /// c: a component of an example's gradient is large if its magnitude is more than c times the
  /// largest one. Between 0 and 1, without both.
  public var cutoff: Double
  /// The weights of the penalty: one for each model after the first, in the order of the training.
  /// The last one also holds for all models after those. At least one; the simultaneous method has
  /// exactly one.
  public var lambdas: [Double]
  /// The sequential method stops after a model whose accuracy is less than this share of the first
  /// model's; 0 for never.
  public var leastAccuracy: Double
  /// The sequential method stops after a model of whose large components less than this share lies
  /// outside of the masks that it was trained with; 0 for never.
  public var leastNew: Double

  public init(
    of: String = "", method: Method = .sequential, in place: Place = .inputs, count: Int = 5,
    cutoff: Double = 0.67, lambdas: [Double] = [1000], leastAccuracy: Double = 0.75,
    leastNew: Double = 0.1
  ) {
    self.of = of
    self.method = method
    self.place = place
    self.count = count
    self.cutoff = cutoff
    self.lambdas = lambdas
    self.leastAccuracy = leastAccuracy
    self.leastNew = leastNew
  }

  public static let settings: [Setting<AnotherPlan>] = [
    Setting { plan, given in
      plan.of = try given.string("of", "the model whose training is repeated")
    } values: {
      [("of", $0.of)]
    },
    .choice("method", \.method, "whether the models are trained one after the other or together"),
    .choice(
      "in", \.place, "whether gradients are taken in the inputs or in an autoencoder's codes"),
    .int("count", \.count, in: 2...100, "the largest number of models"),
    .double(
      "cutoff", \.cutoff, in: 0...1,
      "share of the largest gradient component above which a component is large"),
    Setting { plan, given in
      plan.lambdas = try given.doubles(
        "lambda", default: plan.lambdas,
        "weight of the penalty, or a list with one for each model after the first")
    } values: {
      $0.lambdas.map { ("lambda", "\($0)") }
    },
    Setting { plan, given in
      guard plan.method == .sequential else { return }
      plan.leastAccuracy = try given.double(
        "leastAccuracy", default: plan.leastAccuracy, in: 0...1,
        "share of the first model's accuracy below which the search stops")
      plan.leastNew = try given.double(
        "leastNew", default: plan.leastNew, in: 0...1,
        "share of new large components below which the search stops")
    } values: { plan in
      plan.method == .simultaneous
        ? []
        : [
          ("leastAccuracy", plan.leastAccuracy.plainDecimal),
          ("leastNew", plan.leastNew.plainDecimal),
        ]
    },
  ]

  /// Why the sequential method stops after a model; nil if it does not.
  /// - Parameters:
  ///   - accuracy: the model's accuracy on the held-out images, or on the training images if none
  ///     are held out.
  ///   - first: that of the first model.
  ///   - known: the share of the model's large components that lie in the masks that it was trained
  ///     with; nil if its gradients are all zero.
  func stop(accuracy: Double, first: Double, known: Double?) -> OtherModel.Stop? {
    if accuracy < leastAccuracy * first { return .accuracy }
    return 1 - (known ?? 1) < leastNew ? .explanations : nil
  }

  /// The weight of the penalty that a model is trained with.
  /// - Parameter number: the place of the model among those that are compared, counted from 1.
  func lambda(of number: Int) -> Double {
    lambdas[min(max(0, number - 2), lambdas.count - 1)]
  }

  /// The names of the models that are looked for, in the order of their training.
  public var names: [String] {
    ((method == .sequential ? 2 : 1)...count).map { "\(of)-\($0)" }
  }

  /// The names of all models that are compared: the first one and those that are looked for.
  var chain: [String] { (method == .sequential ? [of] : []) + names }
}
