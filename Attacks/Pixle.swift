import ModelCore
import Support

/// Pixle: copies pixels of a random patch of the image to random other places, from logits alone.
///
/// A candidate takes a rectangle of the original with random place and sides, and writes each of
/// its pixels to another place, drawn at random without repetition. Each restart tries some
/// candidates on the same image, and keeps the best of them if its loss is larger than before. The
/// loss is the margin. An image leaves once a candidate reaches the goal. No pixel gets a value
/// that the image does not have.
///
/// Here as for all attacks, ℓ0 counts features, and each channel of a pixel is one. The budget is a
/// share of the features: ⌊budget·D / C⌋ pixels may change in total. A candidate that would change
/// more copies only the first pixels of its patch, and one of an image that may change no further
/// pixel begins again from the original.
///
/// Use it as an attack in ℓ0 that must not make new colours, and where `onepixel` is too slow.
/// Source: J. Pomponi, S. Scardapane and A. Uncini (2022), with a random mapping of the pixels.
/// Their attack has no budget; a budget of 1 is their attack.
public struct Pixle: Attack, Configurable {
  public static let name = "pixle"
  public static let title = "Pixle"
  public static let summary =
    "copies pixels of the image to other places, from logits alone (Pomponi et al. 2022)"
  public static let defaultGoal = GoalRule.untargeted
  public let norm = Norm.l0
  public var restarts: Int
  /// The number of candidates of each restart.
  public var iterations: Int
  /// The smallest and the largest side of a patch in pixels.
  public var smallest: Int
  public var largest: Int

  public init(restarts: Int = 20, iterations: Int = 10, smallest: Int = 2, largest: Int = 10) {
    self.restarts = restarts
    self.iterations = iterations
    self.smallest = smallest
    self.largest = largest
  }

  public var usesGradients: Bool { false }
  public let needsPictures = true

  public static let settings: [Setting<Pixle>] = [
    .int("restarts", \.restarts, in: 1...1_000_000, "number of restarts"),
    .int("iterations", \.iterations, in: 1...1_000_000, "number of candidates of each restart"),
    .int("smallest", \.smallest, in: 1...10_000, "smallest side of a patch in pixels"),
    .int("largest", \.largest, in: 1...10_000, "largest side of a patch in pixels"),
  ]

  public init(_ settings: Settings) throws {
    self.init()
    try read(settings)
  }

  public func threat(_ budget: Double, against classifier: any Classifier) -> ThreatModel {
    norm.threat(budget, against: classifier)
  }

  public func perturb(
    _ images: Tensor, _ goal: Goal, within threat: ThreatModel, against classifier: any Classifier,
    draws: ExampleDraws
  ) -> Tensor {
    // images [N, C, H, W]; for the M active images: candidate, best [M, C, H, W]; losses, found,
    // largest [M]
    let pixels = Int(threat.epsilon) / images.shape[1]
    guard pixels > 0 else { return images }
    func look(_ x: Tensor, _ goal: Goal) -> Tensor {
      withoutGradients { AttackLoss.margin.losses(classifier.logits(x), goal).comparable }
    }
    var active = ActiveImages(images, goal, draws)
    var losses = look(images, goal)
    func keep(_ staying: Tensor?) {
      if let staying { losses = losses.indexSelect(0, staying) }
    }
    keep(active.leave(where: losses.isGreater(than: 0)))
    for restart in 0..<restarts where !active.isEmpty {
      var best = active.x
      var largest = losses
      let own = active.draws.purpose("restart \(restart)")
      for iteration in 0..<iterations {
        let moved = candidate(active, pixels: pixels, own.purpose("candidate \(iteration)"))
        let found = look(moved, active.goal)
        let better = found.isGreater(than: largest)
        best = better.perImage(like: best).choose(moved, else: best)
        largest = better.choose(found, else: largest)
      }
      (active.x, losses) = (best, largest)
      keep(active.leave(where: losses.isGreater(than: 0)))
    }
    active.leaveAll()
    return active.results
  }

  /// The images with the pixels of one random patch each at random other places.
  private func candidate(_ active: ActiveImages, pixels: Int, _ draws: ExampleDraws) -> Tensor {
    // flat, values, old [M, C, H·W or K]; targets, isCopied [M, K], for the K pixels of the largest
    // patch
    let shape = active.x.shape
    let (images, channels, area) = (shape[0], shape[1], shape[2] * shape[3])
    let changed = active.x.differs(from: active.originals).any([1]).reshaped([images, -1])
    let left = changed.to(.int64).sum([1]).int64s().map { max(0, pixels - Int($0)) }
    // An image that may change no further pixel begins again from the original.
    let isSpent = Tensor(labels: left.map { $0 == 0 ? 1 : 0 }).to(active.x.device).equals(1)
    let begun = isSpent.perImage(like: active.x).choose(active.originals, else: active.x)
    let free = left.map { $0 == 0 ? pixels : $0 }
    let most = min(area, max(smallest, largest) * max(smallest, largest))
    let patches = zip(patches(height: shape[2], width: shape[3], draws), free).map {
      Array($0.prefix(min($1, most)))
    }
    func rows(_ value: (_ patch: [Int], _ place: Int) -> Int) -> Tensor {
      let values = patches.flatMap { patch in (0..<most).map { value(patch, $0) } }
      return Tensor(values.map(Int64.init), shape: [images, 1, most]).to(active.x.device)
        .expanded([images, channels, most])
    }
    let sources = rows { $1 < $0.count ? $0[$1] : 0 }
    let isCopied = rows { $1 < $0.count ? 1 : 0 }.equals(1)
    // The largest of random numbers are at random places without repetition; those outside of the
    // region come last.
    var numbers = draws.purpose("targets").uniform([area])
    if let changeable = active.goal.region.changeable {
      numbers = numbers * changeable.any([1]).reshaped([images, -1]).to(.float32)
    }
    let targets = numbers.topK(most, 1).indices.reshaped([images, 1, most])
      .expanded([images, channels, most])
    let flat = begun.reshaped([images, channels, area])
    let values = active.originals.reshaped([images, channels, area]).gather(2, sources)
    let mixed = flat.scattering(2, targets, isCopied.choose(values, else: flat.gather(2, targets)))
    return active.goal.region.limited(mixed.reshaped(shape), around: active.originals)
  }

  /// The pixels of a random rectangle of each image, in the order of its rows, as places in the
  /// order of the image's rows.
  private func patches(height: Int, width: Int, _ draws: ExampleDraws) -> [[Int]] {
    func sides(_ limit: Int, _ purpose: String) -> [Int] {
      let (low, high) = (min(smallest, limit), min(max(smallest, largest), limit))
      return draws.purpose(purpose).integers(below: high - low + 1).int64s().map { Int($0) + low }
    }
    let corners = draws.purpose("corner").uniform([2]).floats()
    return zip(sides(height, "rows"), sides(width, "columns")).enumerated().map { image, sides in
      let top = Int(corners[2 * image] * Float(height - sides.0 + 1))
      let left = Int(corners[2 * image + 1] * Float(width - sides.1 + 1))
      return (top..<top + sides.0).flatMap { row in
        (left..<left + sides.1).map { row * width + $0 }
      }
    }
  }
}
