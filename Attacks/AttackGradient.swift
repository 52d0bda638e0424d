import ModelCore
import Support

/// The gradient that an attack follows: of which loss, and through which views of the images.
public struct AttackGradient: Configurable {
  public var loss: AttackLoss
  /// Transformations that help transfer, outermost first.
  public var views: [any GradientView]

  public init(of loss: AttackLoss = .crossEntropy, through views: [any GradientView] = []) {
    self.loss = loss
    self.views = views
  }

  public static let settings: [Setting<AttackGradient>] =
    [.group(\.loss), views(GradientViews.all)]

  /// The settings of an attack of one step, which has no use for views that learn from earlier ones.
  static let settingsOfOneStep: [Setting<AttackGradient>] =
    [.group(\.loss), views(GradientViews.all.filter { !$0.hasMemory })]

  /// Whether one of the views is defined for pictures only.
  var needsPictures: Bool { views.contains { type(of: $0).needsPictures } }

  /// Reads `views`. They may be written in any order and are applied in that of the list of all.
  private static func views(_ known: [any GradientView.Type]) -> Setting<AttackGradient> {
    let names = known.map { $0.name }
    return Setting { root, settings in
      let meaning = "views the gradient is taken through, joined by '+': "
      let given = try settings.strings(
        "views", default: [], meaning + names.joined(separator: ", "))
      let wanted = given.flatMap { $0.split(separator: "+").map(String.init) }
      if let wrong = wanted.first(where: { !names.contains($0) }) {
        throw Failure.badData(
          "\(settings.place(of: "views")): unknown view '\(wrong)'",
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

  /// The gradient, in the images' shape, as a function of where it is taken; made once for the
  /// whole way of a batch, so that a view with a memory has one for this way.
  func estimate(
    _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier
  ) -> GradientEstimate {
    let plain = GradientEstimate { x, _, view in
      withGradients {
        let variable = x.tracked
        return loss.losses(classifier.logits(view(variable)), goal).sum().gradient(of: variable)
          .detached
      }
    }
    return views.reversed().reduce(plain) { inner, view in view.estimate(inner, within: threat) }
  }
}

/// A way to get the gradient of the loss at images, seen through a view of them.
public struct GradientEstimate {
  public typealias Body = (_ x: Tensor, _ draws: ExampleDraws, _ view: (Tensor) -> Tensor) -> Tensor
  private let body: Body

  public init(_ body: @escaping Body) {
    self.body = body
  }

  /// The gradient at `x` of the loss of `view(x)`.
  /// - Parameter draws: the random numbers of this estimate: another for every step.
  public func callAsFunction(
    _ x: Tensor, _ draws: ExampleDraws, through view: (Tensor) -> Tensor = { $0 }
  ) -> Tensor {
    body(x, draws, view)
  }
}
