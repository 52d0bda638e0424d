import ModelCore

/// The derivatives that make up the saliency maps of a batch of images.
struct SaliencyMap {
  /// D, the number of features of an image.
  private let size: Int
  /// Whether each image has reached its goal.
  private let reached: [Bool]
  /// α = ∂Z_t/∂x, `[N·D]`.
  private var alpha: [Float] = []
  /// β = Σ_{j≠t} ∂Z_j/∂x, `[N·D]`.
  private var beta: [Float] = []

  /// Computes the derivatives with one forward pass and at most two backward passes.
  ///
  ///     β = Σ_j ∂Z_j/∂x − α
  ///
  /// so one backward pass for the target's outputs and one for the sum of all outputs give both,
  /// and no pass for each class is needed. For probabilities even one suffices: they sum to one, so
  /// β = −α.
  init(
    at images: Tensor, _ goal: Goal, towards targets: Tensor, of source: OutputSource,
    _ classifier: any Classifier
  ) {
    // images [N, …], targets [N]
    size = images.shape.dropFirst().reduce(1, *)
    (reached, alpha, beta) = withGradients {
      let variable = images.tracked
      let logits = classifier.logits(variable)
      let reached = goal.isReached(logits.detached.predictedClasses).int64s().map { $0 != 0 }
      guard reached.contains(false) else { return (reached, [], []) }
      switch source {
      case .logits:
        let alpha = AttackLoss.pick(logits, targets).sum().gradient(
          of: variable, retainingGraph: true)
        let all = logits.sum().gradient(of: variable)
        return (reached, alpha.floats(), (all - alpha).floats())
      case .probabilities:
        // Σ_j p_j = 1 is constant, so the derivatives of all other probabilities sum to −α.
        let alpha = AttackLoss.pick(logits.softmax(), targets).sum().gradient(of: variable)
        return (reached, alpha.floats(), (-alpha).floats())
      }
    }
  }

  /// α and β of one image, each `[D]`; nil if the image has reached its goal.
  func derivatives(_ image: Int) -> (alpha: [Float], beta: [Float])? {
    guard !reached[image] else { return nil }
    let range = (image * size)..<((image + 1) * size)
    return (Array(alpha[range]), Array(beta[range]))
  }
}

/// The state of one image during the attack: the changed pixels, and the features that may still
/// change.
struct SaliencyWalk {
  private let original: [Float]
  private(set) var pixels: [Float]
  /// The search domain in ascending order: the features that can change in the direction of θ and
  /// were not chosen yet.
  private var domain: [Int]
  /// The chosen features, in the order in which they were chosen.
  private var chosen: [Int] = []
  private let theta: Float
  private let range: ClosedRange<Float>

  /// - Parameter changeable: whether each feature may change; nil if all may.
  init(
    _ pixels: [Float], theta: Double, in range: ClosedRange<Double>, changing changeable: [Bool]?
  ) {
    original = pixels
    self.pixels = pixels
    self.theta = Float(theta)
    self.range = Float(range.lowerBound)...Float(range.upperBound)
    let (low, high) = (self.range.lowerBound, self.range.upperBound)
    domain = pixels.indices.filter { feature in
      (theta > 0 ? pixels[feature] < high : pixels[feature] > low) && changeable?[feature] ?? true
    }
  }

  /// Changes the most salient features by θ.
  /// - Returns: false if no features are admissible; then nothing has changed.
  mutating func advance(_ form: JacobianSaliencyMap.Form, alpha: [Float], beta: [Float]) -> Bool {
    // alpha, beta [D]. Decreasing a feature has the effect −α on the target and −β on the others.
    let features =
      theta > 0 ? form.best(alpha, beta, domain) : form.best(alpha.map(-), beta.map(-), domain)
    for feature in features {
      pixels[feature] = min(max(pixels[feature] + theta, range.lowerBound), range.upperBound)
    }
    domain.removeAll(where: features.contains)
    chosen += features
    return !features.isEmpty
  }

  /// The image as it was when `count` features had been chosen.
  func pixels(after count: Int) -> [Float] {
    var image = original
    for feature in chosen.prefix(count) { image[feature] = pixels[feature] }
    return image
  }
}

extension JacobianSaliencyMap.Form {
  /// The most salient features of a domain for θ > 0, the first ones among equals; empty if no
  /// features are admissible.
  fileprivate func best(_ alpha: [Float], _ beta: [Float], _ domain: [Int]) -> [Int] {
    switch self {
    case .pair:
      guard let best = SaliencyPairSearch(alpha: alpha, beta: beta, domain: domain).best() else {
        return []
      }
      return [best.first, best.second]
    case .single:
      var best: (feature: Int, saliency: Float)?
      for feature in domain where alpha[feature] >= 0 && beta[feature] <= 0 {
        let saliency = alpha[feature] * abs(beta[feature])
        if saliency > best?.saliency ?? 0 { best = (feature, saliency) }
      }
      return best.map { [$0.feature] } ?? []
    }
  }
}
