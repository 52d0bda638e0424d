import ModelCore
import Support

/// The one-pixel attack: differential evolution of the places and colours of a few pixels, from
/// logits alone.
///
/// A candidate is a place (two numbers) and a colour (one number for each channel) for each of k
/// pixels. A population of candidates begins at random, with uniform places and normally
/// distributed colours, and lives for some generations:
///
///     child = b + F·(r₂ − r₃), with random candidates r₂ and r₃ of the parents' generation
///
/// The base b is the best candidate of that generation, or a random one. A place of a child that
/// would lie outside of the picture is drawn anew; its colours are clipped.
///
/// A child takes the place of its parent if its loss is larger. The loss is the margin, which has
/// the same order as the authors' probability for two classes, and is not rounded away where a
/// model is certain. An image leaves once a candidate reaches the goal.
///
/// Here as for all attacks, ℓ0 counts features, and each channel of a pixel is one. The budget is a
/// share of the features, and k is the number of whole pixels that it pays for: ⌊budget·D / C⌋. In
/// a picture of 28 x 28 grey pixels one pixel is the share 1/784; in one of 32 x 32 coloured pixels
/// the share 3/3072.
///
/// Use it to see whether a very small number of pixels, placed by the model's scores, changes the
/// prediction. It costs 1 + population·(generations + 1) queries. The random candidates of a child
/// are drawn independently, so that two of them may be the same. Source: J. Su, D. Vargas and K.
/// Sakurai (2019). The authors take a random candidate as the base. For several pixels the default
/// is the best one, with which the same queries fool more images; for a single pixel, its children
/// often stay near the first good place.
public struct OnePixel: Attack, Configurable {
  public static let name = "onepixel"
  public static let title = "one-pixel attack"
  public static let summary =
    "places and colours of few pixels by differential evolution, from logits (Su et al. 2019)"
  public static let defaultGoal = GoalRule.untargeted

  /// The candidate that a child is made from.
  public enum Base: String, Sendable, CaseIterable {
    /// The candidate with the largest loss.
    case best
    /// A random candidate, as published.
    case random
    /// A random one if one pixel may change, and otherwise the best.
    case byPixels = "by-pixels"
  }

  public let norm = Norm.l0
  /// The number of candidates of each image.
  public var population: Int
  public var generations: Int
  /// F, the scale of the difference of two candidates.
  public var scale: Double
  public var base: Base

  /// The number of images in one forward pass. A pass exceeds it only if one candidate for each
  /// image does.
  private static let atOnce = 512

  public init(
    population: Int = 400, generations: Int = 100, scale: Double = 0.5, base: Base = .byPixels
  ) {
    self.population = population
    self.generations = generations
    self.scale = scale
    self.base = base
  }

  public var usesGradients: Bool { false }
  public let needsPictures = true

  public static let settings: [Setting<OnePixel>] = [
    .int("population", \.population, in: 4...100_000, "number of candidates of each image"),
    .int("generations", \.generations, in: 0...100_000, "number of generations"),
    .double("scale", \.scale, in: 0.01...2, "F, scale of the difference of two candidates"),
    .choice("base", \.base, "candidate that a child is made from"),
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
    // images [N, C, H, W]; for the M active images: candidates [M, P, k, 2 + C] with places in
    // [0, 1) and colours from 0 to 1, losses [M, P]
    let channels = images.shape[1]
    let pixels = min(Int(threat.epsilon) / channels, images.shape[2] * images.shape[3])
    guard pixels > 0 else { return images }
    var active = ActiveImages(images, goal, draws)
    // clean [M]: the losses of the unchanged images
    var clean = withoutGradients {
      AttackLoss.margin.losses(classifier.logits(images), goal).comparable
    }
    if let staying = active.leave(where: clean.isGreater(than: 0)) {
      clean = clean.indexSelect(0, staying)
    }
    guard !active.isEmpty else { return active.results }
    let range = threat.valueRange
    var places = ChangeablePixels(active.goal.region, like: active.x)
    var candidates = start(active.draws, pixels: pixels, channels: channels)
    var losses = losses(of: candidates, active, places, classifier)
    for generation in 0... {
      active.x = painted(best(candidates, losses), active, places, range)
      if let staying = active.leave(where: losses.max([1]).isGreater(than: 0)) {
        candidates = candidates.indexSelect(0, staying)
        losses = losses.indexSelect(0, staying)
        clean = clean.indexSelect(0, staying)
        places = ChangeablePixels(active.goal.region, like: active.x)
      }
      guard generation < generations, !active.isEmpty else { break }
      let children = children(
        of: candidates, losses, active.draws.purpose("generation \(generation)"))
      let found = self.losses(of: children, active, places, classifier)
      let better = found.isGreater(than: losses)
      candidates = better.reshaped(better.shape + [1, 1]).choose(children, else: candidates)
      losses = better.choose(found, else: losses)
    }
    // An image that no candidate brings nearer to its goal stays as it is.
    guard !active.isEmpty else { return active.results }
    let isNearer = losses.max([1]).isGreater(than: clean).perImage(like: active.x)
    active.x = isNearer.choose(active.x, else: active.originals)
    active.leaveAll()
    return active.results
  }

  /// Uniform places, and colours with the mean 128/255 and the standard deviation 127/255.
  private func start(_ draws: ExampleDraws, pixels: Int, channels: Int) -> Tensor {
    let places = draws.purpose("places").uniform([population, pixels, 2])
    let colours = draws.purpose("colours").normal([population, pixels, channels])
    return Self.valid(
      Tensor.concatenate([places, colours * (127.0 / 255) + 128.0 / 255], along: 3))
  }

  private func children(of candidates: Tensor, _ losses: Tensor, _ draws: ExampleDraws) -> Tensor {
    // candidates, children [M, P, k, 2 + C]
    func random(_ number: Int) -> Tensor {
      let chosen = draws.purpose("parent \(number)").integers(below: population, [population])
      return candidates.gather(
        1, chosen.reshaped(chosen.shape + [1, 1]).expanded(candidates.shape))
    }
    let shape = candidates.shape
    let base =
      base == .random || base == .byPixels && shape[2] == 1
      ? random(1) : best(candidates, losses).reshaped([shape[0], 1, shape[2], shape[3]])
    let children = base + (random(2) - random(3)) * scale
    let places = children.narrow(3, 0, 2)
    let isOutside = places.isLess(than: 0).or(places.isGreater(than: 1))
    let drawn = draws.purpose("places").uniform([population, shape[2], 2])
    return Self.valid(
      Tensor.concatenate(
        [isOutside.choose(drawn, else: places), children.narrow(3, 2, shape[3] - 2)], along: 3))
  }

  /// Numbers from 0 to 1.
  private static func valid(_ candidates: Tensor) -> Tensor { candidates.clamped(to: 0...1) }

  /// The candidate with the largest loss, `[M, k, 2 + C]`.
  private func best(_ candidates: Tensor, _ losses: Tensor) -> Tensor {
    let places = losses.argmax(1).reshaped([-1, 1, 1, 1])
    let shape = candidates.shape
    return candidates.gather(1, places.expanded([shape[0], 1, shape[2], shape[3]])).select(1, 0)
  }

  /// The losses of all candidates, `[M, P]`.
  private func losses(
    of candidates: Tensor, _ active: ActiveImages, _ places: ChangeablePixels,
    _ classifier: any Classifier
  ) -> Tensor {
    let images = active.x.shape[0]
    let members = candidates.shape[1]
    let rows = Tensor.range(images, device: active.x.device)
    let size = max(1, Self.atOnce / images)
    let parts = stride(from: 0, to: members, by: size).map { first in
      let count = min(size, members - first)
      let pictures = (first..<first + count).map {
        painted(candidates.select(1, $0), active, places, classifier.valueRange)
      }
      let goal = active.goal.at(Tensor.concatenate([Tensor](repeating: rows, count: count)))
      let logits = withoutGradients { classifier.logits(Tensor.concatenate(pictures)) }
      return AttackLoss.margin.losses(logits, goal).comparable.reshaped([count, images])
        .transposed
    }
    return Tensor.concatenate(parts, along: 1)
  }

  /// The originals with the pixels of one candidate each.
  /// - Parameter candidates: `[M, k, 2 + C]`.
  private func painted(
    _ candidates: Tensor, _ active: ActiveImages, _ places: ChangeablePixels,
    _ range: ClosedRange<Double>
  ) -> Tensor {
    // flat [M, C, H·W]; place [M, C, 1]: one pixel after the other, so that the last of two at the
    // same place counts
    let shape = active.originals.shape
    let channels = shape[1]
    var flat = active.originals.reshaped([shape[0], channels, -1])
    for pixel in 0..<candidates.shape[1] {
      let one = candidates.select(1, pixel)
      let place = places.indices(one.narrow(1, 0, 2))
      let colour = one.narrow(1, 2, channels) * range.width + range.lowerBound
      flat = flat.scattering(
        2, place.reshaped([-1, 1, 1]).expanded([shape[0], channels, 1]),
        colour.clamped(to: range).reshaped([shape[0], channels, 1]))
    }
    return active.goal.region.limited(flat.reshaped(shape), around: active.originals)
  }
}
