import ModelCore
import Support

/// The gradient that an attack follows: of which loss, and through which views of the images.
public struct AttackGradient: Sendable {
  public var loss: AttackLoss
  /// Transformations that help transfer, outermost first.
  public var views: [any GradientView]

  public init(of loss: AttackLoss = .crossEntropy, through views: [any GradientView] = []) {
    self.loss = loss
    self.views = views
  }

  /// Reads `loss`, `source` and `views`.
  /// - Parameter steps: how many steps the attack takes; views that learn from earlier steps need
  ///   some.
  init(_ settings: Settings, steps: Int) throws {
    loss = try settings.loss()
    views = try settings.views(
      steps > 1 ? GradientViews.all : GradientViews.all.filter { !$0.hasMemory })
  }

  /// The settings as they are in force.
  var parameters: [String: String] {
    guard !views.isEmpty else { return loss.parameters }
    return loss.parameters.merging(["views": views.map { type(of: $0).name }.joined(separator: "+")]
    ) { $1 }
  }

  /// The gradient `[N, C, H, W]` as a function of where it is taken; made once for the whole way of
  /// a batch.
  func estimate(
    _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    random: RandomSource
  ) -> GradientEstimate {
    let plain = GradientEstimate { x, view in
      withGradients {
        let variable = x.tracked
        return loss.losses(classifier.logits(view(variable)), goal).sum().gradient(of: variable)
          .detached
      }
    }
    return views.reversed().reduce(plain) { inner, view in
      view.estimate(inner, within: threat, random)
    }
  }
}

/// A way to get the gradient of the loss at images, seen through a view of them.
public struct GradientEstimate {
  private let body: (_ x: Tensor, _ view: (Tensor) -> Tensor) -> Tensor

  public init(_ body: @escaping (_ x: Tensor, _ view: (Tensor) -> Tensor) -> Tensor) {
    self.body = body
  }

  /// The gradient at `x` of the loss of `view(x)`.
  public func callAsFunction(_ x: Tensor, through view: (Tensor) -> Tensor = { $0 }) -> Tensor {
    body(x, view)
  }
}

extension AttackLoss {
  /// The settings as they are in force.
  var parameters: [String: String] {
    ["loss": form.rawValue].merging(source == .logits ? [:] : ["source": source.rawValue]) { $1 }
  }
}

extension Settings {
  /// Reads `loss` and `source`.
  func loss() throws -> AttackLoss {
    let name = try choice(
      "loss", of: AttackLoss.Form.allCases.map(\.rawValue),
      default: AttackLoss.Form.crossEntropy.rawValue,
      "what is climbed")
    return AttackLoss(AttackLoss.Form(rawValue: name) ?? .crossEntropy, of: try source())
  }

  /// Reads `source`.
  func source() throws -> OutputSource {
    let name = try choice(
      "source", of: OutputSource.allCases.map(\.rawValue), default: OutputSource.logits.rawValue,
      "what is differentiated")
    return OutputSource(rawValue: name) ?? .logits
  }

  /// Reads `views`; in whatever order they are written, they are applied in that of the list of
  /// all.
  fileprivate func views(_ known: [any GradientView.Type]) throws -> [any GradientView] {
    let names = known.map { $0.name }
    let wanted = try strings(
      "views", default: [],
      "views the gradient is taken through, joined by '+': \(names.joined(separator: ", "))"
    ).flatMap { $0.split(separator: "+").map(String.init) }
    if let wrong = wanted.first(where: { !names.contains($0) }) {
      throw Failure.badData(
        "\(place(of: "views")): unknown view '\(wrong)'", hint: hint(for: wrong, among: names))
    }
    return known.filter { wanted.contains($0.name) }.map { $0.init() }
  }
}
