import Datasets
import Explanations
import ModelCore
import Support

extension ExperimentRun {
  /// Explains the answers of each model to the first examples, unless the folder has the explanations.
  /// - Parameters:
  ///   - test: all test examples, whose statistics the methods use for rows of a table.
  ///   - attacked: the examples that are attacked, the first of which are explained.
  /// - Returns: the explanations, without those that are left open; nil if none are asked for.
  func explanations(
    _ models: [Contestant], test: LabelledImages, _ attacked: LabelledImages
  ) throws -> [StoredExplanations]? {
    guard let plan = experiment.explain else { return nil }
    let wanted = models.filter { isWanted(.explanation($0.name)) }
    guard !wanted.isEmpty else { return [] }
    let background = Background(of: test)
    return try wanted.compactMap { model in
      let pass = try pass(model, plan, background, attacked)
      let request = request(model, plan, test, pass.data)
      let place = folder.explanations(model.name)
      return try step(.explanation(model.name)) {
        StoredExplanations(place, request: request)
      } _: {
        let found = try explain(model, pass, plan, request: request)
        try found.write(to: place)
        return found
      }
    }
  }

  /// Checks that the data have the class that is to be explained, and that the methods can explain the
  /// data and the models.
  /// - Throws: `Failure.badData`.
  func checkExplanations(
    of models: [Contestant], _ test: LabelledImages, _ attacked: LabelledImages
  ) throws {
    guard let plan = experiment.explain else { return }
    _ = try plan.explainedClass(of: attacked)
    let background = Background(of: test)
    for named in plan.methods {
      do { try named.method.check(attacked.shape, background) } catch let failure as Failure {
        throw Failure.badData("explain: \(failure.message)", hint: failure.hint)
      }
    }
    for model in models { _ = try pass(model, plan, background, attacked) }
  }

  /// The pass that explains a model's answers.
  /// - Throws: `Failure` if a method cannot explain the data or the model.
  func pass(
    _ model: Contestant, _ plan: ExplanationPlan, _ background: Background,
    _ attacked: LabelledImages
  ) throws -> ExplanationPass {
    let pass = ExplanationPass(
      classifier: model.classifier, network: model.network,
      data: attacked.prefix(max(plan.count, plan.trust)), background: background,
      methods: plan.methods, explainedClass: try plan.explainedClass(of: attacked),
      seed: experiment.seed.derive("explain"),
      evaluator: evaluator.forGradients(of: attacked.shape),
      top: plan.top,
      trusted: plan.trust)
    do { try pass.check(model: model.name) } catch let failure as Failure {
      throw Failure.badData("explain: \(failure.message)", hint: failure.hint)
    }
    return pass
  }

  /// The digest of everything that explanations depend on.
  func request(
    _ model: Contestant, _ plan: ExplanationPlan, _ test: LabelledImages,
    _ explained: LabelledImages
  ) -> String {
    // The names of classes and features are stored with the explanations.
    let parts =
      [
        "explanations 2", device.kind, model.fingerprint, test.fingerprint, explained.fingerprint,
        "\(experiment.seed.value)", plan.text.inFormerSpelling, "classes",
      ] + explained.classNames + ["features"] + (explained.featureNames ?? [])
    return Digest.hex(of: parts.joined(separator: "\n"))
  }

  private func explain(
    _ model: Contestant, _ pass: ExplanationPass, _ plan: ExplanationPlan, request: String
  ) throws -> StoredExplanations {
    let title = "explain \(model.name)"
    progress.begin(title, total: pass.data.count, unit: "examples")
    let started = ContinuousClock.now
    var collected = ExplanationCollection(pass, count: plan.count)
    let found = try pass.run {
      progress.update($0)
    } _: {
      collected.add($0, $1, $2)
    }
    let time = ProgressDisplay.time((ContinuousClock.now - started).seconds)
    let methods = "\(pass.methods.count) method\(pass.methods.count == 1 ? "" : "s")"
    progress.end("\(title): \(pass.data.count) examples, \(methods): \(time)")
    let explained = pass.explainedClass.map { pass.data.classNames[$0] }
    return collected.stored(
      ExplainedModel(
        model: model.name, request: request,
        methods: pass.methods.map { ExplainedModel.Method($0, explained: explained) },
        explained: explained, top: min(pass.top, pass.data.shape.height * pass.data.shape.width),
        trusted: pass.trusted, measures: found.trust.measures, computed: .current(device: device)))
  }
}

extension Background {
  /// What methods know about data: nothing for pictures, and the statistics of all rows of a table.
  public init(of data: LabelledImages) {
    self =
      data.shape.isPicture ? Background() : Background(rows: data.batch(0..<data.count).images)
  }
}

extension StepEstimates {
  /// Estimates the step of a model's explanations from those of one example.
  mutating func estimate(explanationOf name: String, _ step: ExperimentStep) throws -> StepEstimate
  {
    guard let plan = run.experiment.explain, let model = entrants[name] else {
      return .absent(step)
    }
    let pass = try run.pass(model, plan, Background(of: test), attacked)
    let work =
      plan.methods.map(\.name).joined(separator: ", ") + " for \(pass.data.count) examples"
    let stored = StoredExplanations(
      run.folder.explanations(name), request: run.request(model, plan, test, pass.data))
    guard !allTrained || stored == nil else {
      return StepEstimate(step: step.name, work: work, isDone: true, seconds: nil)
    }
    let tried = ExplanationPass(
      classifier: pass.classifier, network: nil, data: pass.data.prefix(1),
      background: pass.background, methods: pass.methods, explainedClass: pass.explainedClass,
      seed: pass.seed, evaluator: run.evaluator, top: pass.top, trusted: 0)
    let each = try tried.run({ _ in }) { _, _, _ in }.seconds.reduce(0, +)
    // The measures of trust explain an example up to three more times.
    let count = Double(pass.data.count + 3 * pass.trusted)
    return StepEstimate(step: step.name, work: work, isDone: false, seconds: each * count)
  }
}
