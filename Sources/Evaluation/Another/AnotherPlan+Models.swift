import Defenses
import Support

/// How a model with another explanation is trained.
public struct AnotherTraining: Sendable {
  /// The training of the model `of`, with the penalty of the sequential method.
  public let recipe: TrainingPlan
  /// The place of the model among those that are compared, counted from 1.
  public let number: Int
  /// The models that have to exist before it, in order: in the sequential method those whose reasons
  /// it must not have; in the simultaneous method the first model, with which it is trained.
  public let earlier: [String]
  public let plan: AnotherPlan
  /// Whether the defense of the model `of` uses the masks of the data. These then count among the
  /// masks of every further model.
  public let usesMasks: Bool
}

extension AnotherPlan {
  /// Reads and checks the entry.
  /// - Parameter models: the models of the experiment.
  /// - Throws: `Failure.badData` with the place of a setting that is missing, unknown or wrong.
  init(_ given: Settings, models: [ModelPlan]) throws {
    self.init()
    try read(given)
    let place = given.place(of: "of")
    guard let base = models.first(where: { $0.name == of }) else {
      throw Failure.badData(
        "\(place): another: there is no model '\(of)'",
        hint: hint(for: of, among: models.map(\.name)))
    }
    guard case .training(let recipe) = base.origin else {
      throw Failure.badData(
        "\(place): another: expected a model that the experiment trains, found '\(of)', which it "
          + "does not train", hint: "name a model with an architecture and a number of epochs")
    }
    guard cutoff > 0, cutoff < 1 else {
      throw Failure.badData(
        "\(given.place(of: "cutoff")): cutoff: expected a number above 0 and below 1, found "
          + cutoff.plainDecimal,
        hint: "a component is large if it is above this share of the largest one; 0.67 is usual")
    }
    try checkWeights(given)
    if method == .simultaneous, given.has("leastAccuracy") || given.has("leastNew") {
      let name = given.has("leastAccuracy") ? "leastAccuracy" : "leastNew"
      throw Failure.badData(
        "\(given.place(of: name)): \(name) says when to stop training one model after the other, "
          + "and the simultaneous method trains all together",
        hint: "leave it out, or use method: sequential")
    }
    if self.place == .codes, method == .sequential {
      throw Failure.badData(
        "\(given.place(of: "in")): another: codes are for models that are trained together, and the "
          + "sequential method begins with '\(of)', which takes the inputs themselves",
        hint: "use method: simultaneous")
    }
    try check(recipe, place)
    for name in names {
      _ = try Experiment.checkedName(name, place)
      guard !models.contains(where: { $0.name == name }) else {
        throw Failure.badData(
          "\(place): another: the models that are looked for have the names \(of)-2, \(of)-3 and "
            + "so on, and the experiment has a model '\(name)'",
          hint: "give that model another name")
      }
    }
    try given.finish("another")
  }

  /// Checks that there is a weight of the penalty, and not more of them than models that have it.
  private func checkWeights(_ given: Settings) throws {
    let place = "\(given.place(of: "lambda")): lambda"
    guard !lambdas.isEmpty else {
      throw Failure.badData(
        "\(place): expected a number or a list of at least one number, found an empty list",
        hint: "leave it out for 1000, or write for example lambda: [1000, 1000000]")
    }
    guard method == .sequential || lambdas.count == 1 else {
      throw Failure.badData(
        "\(place): expected one number, found a list of \(lambdas.count), and the simultaneous "
          + "method has one penalty for all models together",
        hint: "write one number, or use method: sequential")
    }
    guard lambdas.count < count else {
      throw Failure.badData(
        "\(place): expected at most \(count - 1) of them, one for each model after '\(of)' "
          + "(count: \(count)), found \(lambdas.count)",
        hint: "leave numbers out, or look for more models with count")
    }
  }

  /// Checks that the training of the model can be repeated with other masks.
  private func check(_ recipe: TrainingPlan, _ place: String) throws {
    if recipe.settings.annotated.count != nil {
      throw Failure.badData(
        "\(place): another: '\(of)' keeps the masks of some images only (annotated), and masks are "
          + "found for all of them", hint: "leave annotated out of '\(of)'")
    }
    if recipe.settings.robustValidation?.mask != nil, method == .sequential {
      throw Failure.badData(
        "\(place): another: the attack of robustValidation in '\(of)' is limited by masks, and the "
          + "models that are looked for have masks of their own",
        hint: "leave 'mask' out of its robustValidation")
    }
    guard method == .simultaneous else { return }
    let settings = recipe.settings
    let watched = [
      ("patience", settings.patience != nil), ("keep: best", settings.keep == .best),
      ("robustValidation", settings.robustValidation != nil),
    ]
    if let name = watched.first(where: \.1)?.0 {
      throw Failure.badData(
        "\(place): another: '\(of)' has \(name), which chooses an epoch of one model, and the "
          + "simultaneous method trains all models for the same number of epochs",
        hint: "leave it out of '\(of)', or use method: sequential")
    }
  }

  /// The models that are looked for, which an experiment has after those that are written in it.
  func models(among models: [ModelPlan]) -> [ModelPlan] {
    guard let base = models.first(where: { $0.name == of }), case .training(let plan) = base.origin
    else { preconditionFailure("\(of) was checked") }
    return names.enumerated().map { index, name in
      let number = index + (method == .sequential ? 2 : 1)
      var recipe = plan
      if method == .sequential { recipe.defense = plan.defense.avoiding(lambda(of: number)) }
      let earlier =
        method == .sequential ? Array(chain.prefix(index + 1)) : number == 1 ? [] : [names[0]]
      return ModelPlan(
        name: name,
        origin: .another(
          AnotherTraining(
            recipe: recipe, number: number, earlier: earlier, plan: self,
            usesMasks: plan.defense.needs.contains(.masks))),
        transform: base.transform)
    }
  }
}

extension DefenseSum {
  /// The defenses with a penalty on input gradients in masks. An `rrr` that is among them already
  /// gives way to it.
  fileprivate func avoiding(_ lambda: Double) -> DefenseSum {
    let kept = members.filter {
      !($0.defense is RightForTheRightReasons) && !($0.defense is PlainTraining)
    }
    return DefenseSum(kept + [Member(RightForTheRightReasons(lambda: lambda))])
  }
}
