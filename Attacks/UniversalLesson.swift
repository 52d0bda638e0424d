import ModelCore

/// A universal perturbation while it is learned, and the images that it is learned from.
struct UniversalLesson {
  /// The number of images whose gradients make one step, and that are looked at together.
  private static let batch = 50

  /// `[P, …]`.
  let images: Tensor
  let goal: Goal
  let threat: ThreatModel
  let classifier: any Classifier
  let loss: AttackLoss
  /// v, `[1, …]`.
  private(set) var perturbation: Tensor

  init(
    images: Tensor, goal: Goal, threat: ThreatModel, classifier: any Classifier, loss: AttackLoss
  ) {
    self.images = images
    self.goal = goal
    self.threat = threat
    self.classifier = classifier
    self.loss = loss
    perturbation = Tensor.zeros([1] + Array(images.shape.dropFirst()), device: images.device)
  }

  /// Visits single images. Each that does not reach the goal moves the perturbation until it does,
  /// as far as the ball allows.
  /// - Parameter order: the places of the images, int64 `[P]`.
  mutating func visit(_ order: Tensor, draws: ExampleDraws) {
    let nearest = DeepFool(steps: 10)
    for place in order.batches(of: 1) {
      let aim = goal.at(place)
      let moved = moved(place, aim)
      if aim.isReached(classifier.predictions(moved)).any().isTrue { continue }
      let beyond = nearest.nearest(moved, aim, against: classifier, draws: draws.rows(place))
      move(by: beyond - moved)
    }
  }

  /// Moves the perturbation along the mean gradient of the images of each batch that do not reach
  /// the goal.
  /// - Parameter order: the places of the images, int64 `[P]`.
  mutating func climb(_ order: Tensor) {
    for places in order.batches(of: Self.batch) {
      let aim = goal.at(places)
      let found = classifier.lossAndGradient(at: moved(places, aim)) { loss.losses($0, aim) }
      let open = aim.isReached(found.logits.predictedClasses).inverted.to(.float32)
      let gradients =
        aim.region.limited(found.gradient.finiteOrZero) * open.perImage(like: found.gradient)
      move(by: threat.step(gradients.sum([0], keep: true), size: threat.epsilon / 5))
    }
  }

  /// The share of the images that reach the goal with the perturbation.
  func shareReached() -> Double {
    let all = Tensor.range(images.shape[0], device: images.device)
    let reached = all.batches(of: Self.batch).map { places in
      let aim = goal.at(places)
      return aim.isReached(classifier.predictions(moved(places, aim))).to(.float32).sum().scalar
    }
    return reached.reduce(0, +) / Double(images.shape[0])
  }

  /// Some of the images with the perturbation where they may change, `[M, …]`.
  /// - Parameter goal: the goal of these images.
  private func moved(_ places: Tensor, _ goal: Goal) -> Tensor {
    let chosen = images.indexSelect(0, places)
    let moves = goal.region.limited(perturbation.expanded(chosen.shape))
    return (chosen + moves).clamped(to: threat.valueRange)
  }

  private mutating func move(by step: Tensor) {
    let radius = Tensor.full(threat.epsilon, shape: [1], device: images.device)
    perturbation = threat.norm.nearest(perturbation + step, within: radius)
  }
}

extension Tensor {
  /// This row of numbers in parts of `size`, of which the last may be shorter.
  fileprivate func batches(of size: Int) -> [Tensor] {
    stride(from: 0, to: count, by: size).map { narrow(0, $0, Swift.min(size, count - $0)) }
  }
}
