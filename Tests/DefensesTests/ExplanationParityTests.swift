import Datasets
import Explanations
import Support
import TestSupport
import Testing

@testable import Defenses
@testable import ModelCore

@Suite(
  "Objectives with explanation constraints agree with PyTorch",
  .enabled(if: Reference.isPresent, Comment(rawValue: Reference.skipMessage)))
struct ExplanationParityTests {
  /// The networks and the modes that the reference has for most objectives.
  static let cases = [
    ("mlp", "evaluation"), ("smooth", "evaluation"), ("cnn", "evaluation"), ("cnn", "training"),
  ]
  static let kinked = cases.filter { $0.0 != "smooth" }

  private func loss(_ objective: any Objective, _ step: TrainingStep) -> Tensor {
    objective.alone.terms(step).total
  }

  /// The names that the reference has for the scalars. The loss is -log p of the true class, so
  /// that its gradient has the same square.
  static let scalarNames: [ExplainedScalar: String] = [
    .sumOfLogProbabilities: "sumLogProbabilities",
    .predictedLogProbability: "maxLogProbability", .predictedProbability: "maxProbability",
    .trueLogProbability: "trueLogProbability", .trueProbability: "trueProbability",
    .loss: "trueLogProbability",
  ]

  @Test("right for the right reasons", arguments: kinked, Array(scalarNames.keys))
  func rightReasons(_ place: (network: String, mode: String), _ scalar: ExplainedScalar) throws {
    let reference = try ExplanationReference(place.network)
    let objective = RightForTheRightReasons(scalar, lambda: try reference.setting("rrr.lambda"))
    try reference.check(
      "\(place.mode).rrr.\(Self.scalarNames[scalar]!)",
      loss: loss(objective, reference.step(place.mode)))
  }

  @Test("right for the right reasons, normalised and as a sum", arguments: kinked)
  func rightReasonsForms(_ place: (network: String, mode: String)) throws {
    let reference = try ExplanationReference(place.network)
    let lambda = try reference.setting("rrr.lambda")
    let normalized = RightForTheRightReasons(lambda: lambda, normalize: true)
    try reference.check(
      "\(place.mode).rrr.normalized", loss: loss(normalized, reference.step(place.mode)))
    // The published sum over the batch is N times the mean, plus the squares of all weights.
    let step = try reference.step(place.mode)
    let squares = reference.network.learned.map { $0.square.sum() }
    let decay =
      squares.dropFirst().reduce(squares[0], +) * (try reference.setting("rrr.weightDecay"))
    let count = Double(step.images.shape[0])
    try reference.check(
      "\(place.mode).rrr.thesis",
      loss: loss(RightForTheRightReasons(lambda: lambda), step) * count + decay)
  }

  @Test("gradient regularisation of logits", arguments: cases)
  func logitGradients(_ place: (network: String, mode: String)) throws {
    let reference = try ExplanationReference(place.network)
    for (measure, suffix, lambda) in [
      (LogitGradientRegularization.Measure.norm, "", "lambda"), (.squared, ".squared", "lambda"),
      (.l1, ".l1", "l1"),
    ] {
      let objective = LogitGradientRegularization(
        lambda: try reference.setting("gradReg.\(lambda)"), measure: measure)
      try reference.check(
        "\(place.mode).gradRegLogits\(suffix)", loss: loss(objective, reference.step(place.mode)))
    }
  }

  @Test("the sum of log-probabilities and the cross-entropy of a smooth network")
  func smooth() throws {
    let reference = try ExplanationReference("smooth")
    let objective = RightForTheRightReasons(lambda: try reference.setting("rrr.lambda"))
    try reference.check(
      "evaluation.rrr.sumLogProbabilities", loss: loss(objective, reference.step()))
    try reference.check("evaluation.crossEntropy", loss: loss(CrossEntropy(), reference.step()))
  }

  @Test("noise in masks", arguments: kinked)
  func noise(_ place: (network: String, mode: String)) throws {
    let reference = try ExplanationReference(place.network)
    let objective = AverageExplanation(sigma: try reference.setting("avgEx.sigma"))
    let terms = objective.terms(
      try reference.step(place.mode), noise: try reference.images("noise"))
    try reference.check("\(place.mode).avgEx", loss: terms.total)
    try reference.check("\(place.mode).avgEx.term.perturbed", terms[1].value)
  }

  @Test("projected gradient descent in masks", arguments: kinked, [false, true])
  func projectedGradient(_ place: (network: String, mode: String), _ clip: Bool) throws {
    let reference = try ExplanationReference(place.network)
    let key = "\(place.mode).pgdEx" + (clip ? ".unitRange" : "")
    let objective = ProjectedGradientExplanation(
      epsilon: try reference.setting("pgdEx.epsilon"), clip: clip)
    let images = objective.examples(try reference.step(place.mode))
    let expected = try reference.images("\(key).images")
    #expect(agreement(images, expected) >= 0.995)
    let terms = objective.terms(try reference.step(place.mode), examples: expected)
    try reference.check(key, loss: terms.total)
    guard !clip else { return }
    let gradients = LogitGradientRegularization(lambda: try reference.setting("gradReg.lambda"))
    let sum = ObjectiveSum([(objective, 1), (gradients, 1)])
    try reference.check(
      "\(place.mode).pgdEx.gradRegLogits", loss: sum.terms(try reference.step(place.mode)).total)
  }

  /// Interval bounds with a fixed ε and a fixed weight of the clean examples.
  private func intervals(_ reference: ExplanationReference, clip: Bool = false) throws
    -> IntervalExplanation
  {
    let epsilon = try reference.setting("ibpEx.epsilon")
    let clean = try reference.setting("ibpEx.clean")
    return IntervalExplanation(
      epsilon: epsilon, epsilonStart: epsilon, clean: clean, cleanEnd: clean, clip: clip)
  }

  @Test(
    "interval bounds of masks",
    arguments: cases + [("residual", "evaluation"), ("residual", "training")],
    [false, true])
  func intervals(_ place: (network: String, mode: String), _ clip: Bool) throws {
    let reference = try ExplanationReference(place.network)
    let key = "\(place.mode).ibpEx" + (clip ? ".unitRange" : "")
    let objective = try intervals(reference, clip: clip)
    let step = try reference.step(place.mode)
    let bounds = objective.logitBounds(step, epsilon: objective.schedule.epsilon)
    try reference.check("\(key).lower", bounds.lower)
    try reference.check("\(key).upper", bounds.upper)
    try reference.check("\(key).worstLogits", bounds.worstLogits(step.labels))
    let terms = objective.terms(step)
    try reference.check("\(key).term.crossEntropy", terms[0].value)
    try reference.check("\(key).term.worstCase", terms[1].value)
    try reference.check(key, loss: terms.total)
  }

  @Test(
    "the bounds of both residual blocks", arguments: ["evaluation", "training"], [false, true])
  func residualBlocks(_ mode: String, _ clip: Bool) throws {
    let reference = try ExplanationReference("residual")
    let step = try reference.step(mode)
    let key = "\(mode).ibpEx" + (clip ? ".unitRange" : "")
    let radius = try reference.setting("ibpEx.epsilon")
    let whole = Bounds(around: step.images, by: step.masks * radius)
    let box = clip ? whole.clamped(to: 0...1) : whole
    let pass = ExplanationReference.pass(mode)
    let batches = NormalizedBatches()
    _ = reference.network.forward(step.images, pass, recording: batches)
    for block in [3, 5] {
      let layers = LayerList(Array(reference.network.description.layers.layers[...block]))
      let bounds = try layers.bounds(box, reference.network.parameters(batches: batches), pass)
      try reference.check("\(key).\(block).lower", bounds.lower)
      try reference.check("\(key).\(block).upper", bounds.upper)
    }
  }

  @Test("sums of interval bounds and gradient regularisation", arguments: kinked)
  func intervalSums(_ place: (network: String, mode: String)) throws {
    let reference = try ExplanationReference(place.network)
    for (measure, key, lambda) in [
      (LogitGradientRegularization.Measure.norm, "ibpEx.gradRegLogits", "lambda"),
      (.l1, "ibpEx.l1", "l1"),
    ] {
      let gradients = LogitGradientRegularization(
        lambda: try reference.setting("gradReg.\(lambda)"), measure: measure)
      let sum = ObjectiveSum([(try intervals(reference), 1), (gradients, 1)])
      try reference.check(
        "\(place.mode).\(key)", loss: sum.terms(try reference.step(place.mode)).total)
    }
  }

  @Test("contextual decomposition", arguments: ["mlp", "cnn"])
  func decomposition(_ network: String) throws {
    let reference = try ExplanationReference(network)
    let lambda = try reference.setting("cdep.lambda")
    for (orientation, side) in [
      (ContextualDecomposition.Orientation.masked, "mask"), (.published2023, "rest"),
    ] {
      for (classes, name) in [
        (ContextualDecomposition.Classes.all, "allClasses"), (.firstTwo, "firstTwoClasses"),
      ] {
        let key = "evaluation.cdep.\(side).\(name)"
        let objective = ContextualDecomposition(
          lambda: lambda, orientation: orientation, classes: classes)
        let parts = objective.contributions(try reference.step())
        try reference.check("\(key).relevant", parts.relevant)
        try reference.check("\(key).irrelevant", parts.irrelevant)
        try reference.check(key, loss: loss(objective, reference.step()))
      }
    }
  }

  @Test(
    "the curvature, exactly, along given directions, and from given noise",
    arguments: ["mlp", "cnn", "smooth"])
  func curvature(_ name: String) throws {
    let reference = try ExplanationReference(name)
    let lambda = try reference.setting("hessian.lambda")
    let exact = CurvatureRegularization(lambda: lambda, method: .exact)
    try reference.check("evaluation.hessian", loss: loss(exact, reference.step()))
    func parts(_ key: String, _ count: Int) throws -> [Tensor] {
      let shape = [-1] + reference.network.inputShape.sizes
      return try (0..<count).map { try reference.tensor(key).select(0, $0).reshaped(shape) }
    }
    let first = try reference.step()
    let estimated =
      exact.squares(first, along: try parts("signs", 2))
      .reduce(Tensor.zeros([]), +) / 2
    try reference.check(
      "evaluation.hessian.signs", loss: CrossEntropy().terms(first).total + estimated * lambda)
    let rifai = CurvatureRegularization(
      lambda: lambda, method: .noise, sigma: try reference.setting("rifai.sigma"))
    let second = try reference.step()
    let differences =
      rifai.differences(second, noise: try parts("rifai", 3))
      .reduce(Tensor.zeros([]), +) / 3
    try reference.check(
      "evaluation.hessian.rifai", loss: CrossEntropy().terms(second).total + differences * lambda)
  }

  @Test("group DRO over five batches, with and without size adjustment", arguments: kinked)
  func groups(_ place: (network: String, mode: String)) throws {
    let reference = try ExplanationReference(place.network)
    let counts = try reference.batch().annotations.groups!.int64s()
      .reduce(into: [0, 0, 0]) { $0[Int($1)] += 1 }
    let settings = GroupDRO(stepSize: try reference.setting("groupDRO.stepSize"))
    let plain = WeightedGroups(settings, counts: counts)
    var larger = settings
    larger.adjustment = try reference.setting("groupDRO.adjustment")
    let adjusted = WeightedGroups(larger, counts: counts)
    let batches = try reference.tensor("batches")
    let key = "\(place.mode).groupDRO"
    var loss: Tensor?
    for index in 0..<5 {
      let step = try reference.step(place.mode, rows: batches.select(0, index))
      loss = plain.terms(step).total
      _ = adjusted.terms(step)
      func row(_ name: String) throws -> Tensor {
        try reference.tensor("\(key).steps.\(name)").select(0, index)
      }
      #expect(relativeError(plain.groupLosses(step).detached, try row("groupLosses")) < 1e-5)
      #expect(relativeError(plain.weights, try row("q")) < 1e-5)
      #expect(relativeError(adjusted.weights, try row("qAdjusted")) < 1e-5)
      #expect(relativeError(loss!.detached, try row("loss")) < 1e-5)
    }
    try reference.check(key, loss: try #require(loss))
  }

  @Test("group DRO with steps of gradient descent between", arguments: ["mlp", "cnn"])
  func groupSteps(_ name: String) throws {
    let reference = try ExplanationReference(name)
    let counts = try reference.batch().annotations.groups!.int64s()
      .reduce(into: [0, 0, 0]) { $0[Int($1)] += 1 }
    let groups = WeightedGroups(
      GroupDRO(stepSize: try reference.setting("groupDRO.stepSize")), counts: counts)
    let optimizer = Optimizer(
      .sgd(rate: try reference.setting("groupDRO.learningRate")), for: reference.network)
    let batches = try reference.tensor("batches")
    for index in 0..<5 {
      let loss = groups.terms(try reference.step(rows: batches.select(0, index))).total
      optimizer.step(loss.gradients(of: reference.network.learned), factor: 1)
      func row(_ key: String) throws -> Tensor {
        try reference.tensor("groupDRO.sgd.\(key)").select(0, index)
      }
      #expect(relativeError(groups.weights, try row("q")) < 1e-5)
      #expect(relativeError(loss.detached, try row("loss")) < 1e-5)
    }
    for parameter in reference.network.learnedNames {
      #expect(
        relativeError(
          reference.network[parameter].detached,
          try reference.tensor("groupDRO.sgd.after.\(parameter)")) < 1e-5, "\(parameter)")
    }
  }
}
