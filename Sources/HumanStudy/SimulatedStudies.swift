import Foundation
import ModelCore
import Support

/// Simulated studies of two conditions: how often each test finds a difference.
///
/// With different shares that is the power of the test. With equal shares there is no difference to
/// find, and it is the test's false-positive rate, which should not be larger than the level.
///
/// The log-odds of a "yes" of person p on the picture of image i in condition c are
///
///     a_c + u_p + w_pc + v_i + t_ic
///
/// with independent normal u, w, v and t. a_c is chosen so that the mean probability of "yes" in
/// the condition is the wanted share. The effect of the condition on person p, w_p2 − w_p1, has the
/// standard deviation `Spread.effects`, so that of w is `effects`/√2.
public struct SimulatedStudies: Sendable {
  /// How much people and pictures differ: standard deviations in log-odds, at least 0.
  public struct Spread: Sendable {
    /// Of people, in both conditions alike.
    public var people: Double
    /// Of people, in the difference between the two conditions.
    public var effects: Double
    /// Of images, in both conditions alike.
    public var images: Double
    /// Of the pictures that are made of the images, in each condition on its own.
    public var pictures: Double

    public init(people: Double, effects: Double, images: Double, pictures: Double) {
      self.people = people
      self.effects = effects
      self.images = images
      self.pictures = pictures
    }

    /// The standard deviation of the log-odds in one condition: the variances of independent
    /// numbers add up.
    var total: Double {
      let variances = [
        people * people, effects * effects / 2, images * images, pictures * pictures,
      ]
      return variances.reduce(0, +).squareRoot()
    }
  }

  /// A test for the difference of two conditions.
  public enum Test: String, CaseIterable, Codable, Sendable {
    /// The mixed model (`MixedComparison`).
    case mixed
    /// The mixed model in which people and images differ in their intercepts only.
    case intercepts
    /// The pigeonhole bootstrap (`StudyBootstrap`).
    case bootstrap
    /// Fisher's exact test.
    case fisher
  }

  /// How often a test found a difference.
  public struct Rate: Sendable {
    public let test: Test
    /// The number of studies in which p is at most the level, and the number of studies without a
    /// p.
    public let found: Int
    public let withoutP: Int
    public let studies: Int

    public var share: Double { Double(found) / Double(max(1, studies)) }
    /// Wilson's 95 % interval of the share.
    public var interval: ClosedRange<Double> { wilsonInterval(successes: found, of: studies) }
  }

  /// The shares, the pictures of each condition that a participant sees, and the level.
  public let plan: StudyPower
  public let participants: Int
  /// The number of images, each with one picture in each condition. A participant sees some of the
  /// pictures, which are drawn at random for each condition.
  public let images: Int
  public let spread: Spread
  /// How many samples the bootstrap draws.
  public let draws: Int

  /// - Precondition: there is at least one participant, and `images` is at least the number of
  ///   pictures that a participant sees.
  public init(
    _ plan: StudyPower, participants: Int, images: Int, spread: Spread, draws: Int = 1000
  ) {
    precondition(participants >= 1 && images >= plan.picturesEach && draws >= 1)
    self.plan = plan
    self.participants = participants
    self.images = images
    self.spread = spread
    self.draws = draws
  }

  /// Simulates studies and counts those in which each test finds a difference.
  /// - Parameter done: told how many studies are done.
  public func rates(studies: Int, seed: Seed, done: (Int) -> Void = { _ in }) -> [Rate] {
    let intercepts = [plan.first, plan.second].map {
      Self.intercept(share: $0, deviation: spread.total)
    }
    var found: [Test: Int] = [:]
    var withoutP: [Test: Int] = [:]
    for study in 0..<studies {
      let own = seed.derive("simulated study \(study)")
      let cells = answers(intercepts, RandomSource(own))
      for test in Test.allCases {
        guard let p = p(test, cells, own) else {
          withoutP[test, default: 0] += 1
          continue
        }
        if p <= plan.level { found[test, default: 0] += 1 }
      }
      done(study + 1)
    }
    return Test.allCases.map {
      Rate(test: $0, found: found[$0] ?? 0, withoutP: withoutP[$0] ?? 0, studies: studies)
    }
  }

  /// Draws the answers of a study.
  private func answers(
    _ intercepts: [Double], _ random: RandomSource
  ) -> [MixedLogisticModel.Cell] {
    func normal(_ count: Int, _ deviation: Double) -> [Double] {
      random.normal([count]).floats().map { Double($0) * deviation }
    }
    let people = normal(participants, spread.people)
    let ofImages = normal(images, spread.images)
    // The effects of both conditions, one after the other.
    let effects = normal(2 * participants, spread.effects / 2.0.squareRoot())
    let pictures = normal(2 * images, spread.pictures)
    var cells: [MixedLogisticModel.Cell] = []
    for person in 0..<participants {
      for condition in 0..<2 {
        let shown = random.permutation(images).int64s().prefix(plan.picturesEach).map(Int.init)
        for (image, chance) in zip(shown, random.uniform([plan.picturesEach]).floats()) {
          let ofPerson = people[person] + effects[condition * participants + person]
          let ofPicture = ofImages[image] + pictures[condition * images + image]
          let yes = Double(chance) < 1 / (1 + exp(-(intercepts[condition] + ofPerson + ofPicture)))
          cells.append(
            .init(condition: condition, participant: person, image: image, successes: yes ? 1 : 0))
        }
      }
    }
    return cells
  }

  /// The p-value of a test; nil if it has none.
  private func p(_ test: Test, _ cells: [MixedLogisticModel.Cell], _ seed: Seed) -> Double? {
    switch test {
    case .mixed: return MixedComparison(cells, hasErrors: false).p
    case .intercepts: return MixedComparison(cells, hasSlopes: false, hasErrors: false).p
    case .bootstrap: return bootstrapP(cells, seed.derive("bootstrap"))
    case .fisher:
      let counts = [0, 1].map { condition in
        let own = cells.filter { $0.condition == condition }
        let yes = own.reduce(0) { $0 + $1.successes }
        return (yes, own.count - yes)
      }
      return fisherExactTest(counts[0], counts[1])
    }
  }

  /// The bootstrap's p-value for the difference of the shares, as `StudyScore` computes it.
  private func bootstrapP(_ cells: [MixedLogisticModel.Cell], _ seed: Seed) -> Double? {
    guard participants > 1, images > 1 else { return nil }
    let bootstrap = StudyBootstrap(
      participants: participants, images: images, draws: draws, seed: seed)
    let sample = bootstrap.samples { people, pictures in
      var yes = [0, 0]
      var all = [0, 0]
      for cell in cells {
        let weight = people[cell.participant] * pictures[cell.image]
        yes[cell.condition] += weight * cell.successes
        all[cell.condition] += weight
      }
      guard all[0] > 0, all[1] > 0 else { return [nil] }
      return [Double(yes[1]) / Double(all[1]) - Double(yes[0]) / Double(all[0])]
    }[0]
    return sample.flatMap { $0.varies ? $0.pOfZero : nil }
  }

  /// The log-odds a for which the mean probability over people and images is `share`.
  ///
  /// The mean is E[1 / (1 + exp(−(a + deviation·z)))] over a standard normal z. It grows with a, so
  /// that bisection finds a. It is not the log-odds of `share` itself unless the deviation is 0 or
  /// the share is a half: averaging over people pulls probabilities towards a half.
  static func intercept(share: Double, deviation: Double) -> Double {
    if share <= 0 { return -.infinity }
    if share >= 1 { return .infinity }
    func mean(_ logit: Double) -> Double {
      // Simpson's rule from −6 to 6, where all but two billionths of the probability lie. Dividing
      // by the sum of the weights makes constants come out exactly.
      let steps = 120
      var (sum, weights) = (0.0, 0.0)
      for step in 0...steps {
        let z = -6 + 12 * Double(step) / Double(steps)
        let weight = exp(-z * z / 2) * (step == 0 || step == steps ? 1 : step % 2 == 1 ? 4 : 2)
        sum += weight / (1 + exp(-(logit + deviation * z)))
        weights += weight
      }
      return sum / weights
    }
    var (low, high) = (-40.0, 40.0)
    for _ in 0..<80 {
      let middle = (low + high) / 2
      if mean(middle) < share { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}
