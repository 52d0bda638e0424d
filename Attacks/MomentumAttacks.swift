import ModelCore
import Support

/// The momentum iterative method: v ← μ·v + g / mean|g|, steps of α along sign v, projected. Dong et al., 2018.
///
/// The gradient is divided by the mean of its magnitudes; dividing by their sum, as the paper writes it, gives the same signs.
/// Its gradient can be taken through views that help transfer: input diversity (`di`), translation invariance (`ti`), scale
/// invariance (`si`).
public struct MomentumIterativeMethod: AscentAttack {
  public static let name = "mifgsm"
  public static let title = "momentum iterative fast gradient sign method"
  public static let summary = "BIM along an accumulated gradient, which transfers better (Dong et al. 2018)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  public let pace: Pace
  public let decay: Double
  public let views: [String]
  let looksAhead: Bool

  public init(_ pace: Pace = Pace(steps: 10), decay: Double = 1, views: [String] = []) {
    self.init(pace, decay: decay, views: views, looksAhead: false)
  }

  init(_ pace: Pace, decay: Double, views: [String], looksAhead: Bool) {
    self.pace = pace
    self.decay = decay
    self.views = views
    self.looksAhead = looksAhead
  }

  public init(_ settings: Settings) throws { try self.init(settings, looksAhead: false) }

  init(_ settings: Settings, looksAhead: Bool) throws {
    let known = Self.knownViews.map(\.name)
    let views = try settings.strings(
      "views", default: [], "views the gradient is taken through: \(known.joined(separator: ", "))")
    if let wrong = views.first(where: { !known.contains($0) }) {
      throw Failure.badData(
        "\(settings.place(of: "views")): unknown view '\(wrong)'", hint: hint(for: wrong, among: known))
    }
    self.init(
      try Pace(settings, steps: 10, relative: 1),
      decay: try settings.double(
        "decay", default: 1, in: 0...10, "share of the accumulated gradient kept at each step"),
      views: views, looksAhead: looksAhead)
  }

  private static let knownViews: [(name: String, view: any GradientView)] = [
    ("di", InputDiversity()), ("ti", TranslationInvariance()), ("si", ScaleInvariance()),
  ]

  public var parameters: [String: String] {
    pace.parameters.merging(["decay": "\(decay)", "views": views.joined(separator: "+")]) { $1 }
  }

  var ascent: GradientAscent {
    var ascent = pace.ascent
    ascent.momentum = decay
    ascent.looksAhead = looksAhead
    ascent.views = views.compactMap { name in Self.knownViews.first { $0.name == name }?.view }
    return ascent
  }
}

/// The Nesterov form: the gradient is taken where the momentum would lead. Lin et al., 2020.
public struct NesterovIterativeMethod: AscentAttack {
  public static let name = "nifgsm"
  public static let title = "Nesterov iterative fast gradient sign method"
  public static let summary = "the momentum method with a look ahead (Lin et al. 2020)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.linf
  private let method: MomentumIterativeMethod

  public init(_ pace: Pace = Pace(steps: 10), decay: Double = 1, views: [String] = []) {
    method = MomentumIterativeMethod(pace, decay: decay, views: views, looksAhead: true)
  }

  public init(_ settings: Settings) throws { method = try MomentumIterativeMethod(settings, looksAhead: true) }
  public var parameters: [String: String] { method.parameters }
  var ascent: GradientAscent { method.ascent }
}
