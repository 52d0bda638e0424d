import ModelCore
import Support

/// The gradient that an attack follows: that of a loss, possibly changed by views such as input
/// diversity.
public struct AttackGradient: Configurable {
  public var loss: AttackLoss
  /// The views, the outermost first. They make adversarial examples transfer better to other
  /// models.
  public var views: [any GradientView]
  /// The draws of a random model, or of random views, that a gradient is the mean of.
  public var expectation: ExpectationOverDraws

  public init(
    of loss: AttackLoss = .crossEntropy, through views: [any GradientView] = [],
    over expectation: ExpectationOverDraws = ExpectationOverDraws()
  ) {
    self.loss = loss
    self.views = views
    self.expectation = expectation
  }

  public static let settings: [Setting<AttackGradient>] =
    [.group(\.loss), views(GradientViews.all), .group(\.expectation)]

  /// The settings for an attack of one step. They leave out views that use the gradients of earlier
  /// steps.
  static let settingsOfOneStep: [Setting<AttackGradient>] = [
    .group(\.loss), views(GradientViews.all.filter { !$0.hasMemory }), .group(\.expectation),
  ]

  /// The settings for an attack with a loss of its own.
  static let settingsOfOtherLoss: [Setting<AttackGradient>] = [
    views(GradientViews.all), .group(\.expectation),
  ]

  /// Whether this is the gradient of the loss itself, from one pass.
  var isPlain: Bool { views.isEmpty && expectation.draws == 1 }

  /// Reads `views`. They may be given in any order; they are applied in the order of
  /// `GradientViews.all`.
  private static func views(_ known: [any GradientView.Type]) -> Setting<AttackGradient> {
    let names = known.map { $0.name }
    return Setting { root, settings in
      let meaning = "views of the gradient, joined by '+': "
      let given = try settings.strings(
        "views", default: [], meaning + names.joined(separator: ", "))
      let wanted = given.flatMap { $0.split(separator: "+").map(String.init) }
      if let wrong = wanted.first(where: { !names.contains($0) }) {
        throw Failure.badData(
          "\(settings.place(of: "views")): views: '\(wrong)' is not known",
          hint: hint(for: wrong, among: names))
      }
      if !wanted.isEmpty {
        root.views = known.filter { wanted.contains($0.name) }.map { $0.init() }
      }
    } values: { root in
      let names = root.views.map { type(of: $0).name }
      return names.isEmpty ? [] : [("views", names.joined(separator: "+"))]
    }
  }

  /// The gradient in the shape of the images, as a function of the point where it is taken.
  ///
  /// A new estimate is made for each run of the attack on a batch. A view that remembers earlier
  /// gradients thus remembers those of this run only, and it remembers means over all draws.
  /// - Parameter objective: what the attack increases in place of `loss`; nil for `loss`.
  func estimate(
    _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    of objective: AttackObjective? = nil
  ) -> GradientEstimate {
    let plain = GradientEstimate { x, draws, view in
      withGradients {
        let variable = x.tracked
        let attacked = views.reduce(classifier) { $1.altered($0, draws) }
        let logits = attacked.logits(view(variable))
        let losses = objective?(logits, variable, draws) ?? loss.losses(logits, goal)
        return losses.sum().gradient(of: variable).detached
      }
    }
    var all = views
    all.insert(expectation, at: views.lastIndex { type(of: $0).hasMemory }.map { $0 + 1 } ?? 0)
    return all.reversed().reduce(plain) { inner, view in view.estimate(inner, within: threat) }
  }
}

/// A loss that an attack increases, for attacks whose loss is not an `AttackLoss`: one number per
/// image, `[N]`.
///
/// `logits` are those of the images as the views change them, `[N, K]`; `x` are the images
/// themselves, `[N, …]`. Gradients flow through both. `draws` are random numbers of this pass only.
typealias AttackObjective = (_ logits: Tensor, _ x: Tensor, _ draws: ExampleDraws) -> Tensor

/// A function that estimates the gradient of an attack's loss at given images.
public struct GradientEstimate {
  public typealias Body = (_ x: Tensor, _ draws: ExampleDraws, _ view: (Tensor) -> Tensor) -> Tensor
  private let body: Body

  public init(_ body: @escaping Body) {
    self.body = body
  }

  /// The gradient at `x` of the loss of `view(x)`, in the shape of `x`.
  /// - Parameters:
  ///   - draws: the random numbers of this estimate. Each step must pass different ones.
  ///   - view: a differentiable function that keeps the shape of the images.
  public func callAsFunction(
    _ x: Tensor, _ draws: ExampleDraws, through view: (Tensor) -> Tensor = { $0 }
  ) -> Tensor {
    body(x, draws, view)
  }
}
