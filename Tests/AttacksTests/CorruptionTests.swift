import ModelCore
import Support
import TestSupport
import Testing

@testable import Attacks

@Suite("Common corruptions")
struct CorruptionTests {
  /// Pictures with smooth waves and edges, in [0, 1], `[count, C, H, W]`.
  static func pictures(_ count: Int, _ channels: Int, _ height: Int, _ width: Int) -> Tensor {
    let random = RandomSource(Seed(11))
    let coarse = random.uniform([count, channels, 6, 6]).resized(height: height, width: width)
    let columns = Tensor.range(width).to(.float32).reshaped([1, 1, 1, width])
    let edges = (columns * (12 / Double(width))).floor * 0.03
    return (coarse * 0.9 + edges).clamped(to: 0...1)
  }

  static func corrupted(
    _ images: Tensor, _ kind: CorruptionKind, _ severity: Int,
    range: ClosedRange<Double> = 0...1, first: Int = 0
  ) throws -> Tensor {
    let shape = InputShape(ofBatch: images.shape)
    var classifier = LinearClassifier(
      inputShape: shape, weight: Tensor.zeros([2, shape.count]))
    classifier.valueRange = range
    let attack = Corruption(kind)
    try attack.check(against: classifier)
    let threat = attack.threat(Double(severity), against: classifier)
    let goal = Goal.away(from: Tensor(labels: [Int](repeating: 0, count: images.shape[0])))
    let draws = ExampleDraws(
      Seed(3), examples: Array(first..<first + images.shape[0]))
    let found = attack.perturb(images, goal, within: threat, against: classifier, draws: draws)
    try Perturbation.check(found, of: images, within: threat, attack: "corruption")
    return found
  }

  /// The mean squared error of each picture, averaged over pictures.
  private func error(_ found: Tensor, _ images: Tensor) -> Double {
    (found - images).square.mean().scalar
  }

  @Test(
    "every kind corrupts pictures of every size: grey, coloured, not square, small and large",
    arguments: CorruptionKind.allCases)
  func sizes(_ kind: CorruptionKind) throws {
    for shape in [(1, 28, 28), (3, 32, 32), (3, 40, 25), (1, 5, 3), (1, 1, 1), (3, 101, 130)] {
      let images = Self.pictures(2, shape.0, shape.1, shape.2)
      for severity in [1, 5] {
        let found = try Self.corrupted(images, kind, severity)
        #expect(found.shape == images.shape)
        let changes = found.differs(from: images).any().isTrue
        // A picture of one pixel, or of few, may have nothing to blur.
        #expect(changes || shape.1 < 10, "\(kind) \(shape)")
      }
    }
  }

  /// The published strengths of these kinds are not in the order of the error: CIFAR-10-C's frosted
  /// glass alternates between two filters, ImageNet-C's elastic transformations move pixels first
  /// over long and then over short distances, frost first adds light and then takes it away, and
  /// the flakes of ImageNet-C's snow are fewer, but larger, at the third severity than at the
  /// second one.
  private static let unordered: Set<CorruptionKind> = [.elastic, .glassBlur, .frost, .snow]

  @Test(
    "a higher severity has a lower peak signal-to-noise ratio",
    arguments: CorruptionKind.allCases.filter { !unordered.contains($0) }, [32, 112])
  func severities(_ kind: CorruptionKind, _ side: Int) throws {
    let images = Self.pictures(side == 32 ? 20 : 6, 3, side, side)
    let errors = try CorruptionRecipe.severities.map {
      error(try Self.corrupted(images, kind, $0), images)
    }
    // PSNR is −10·log₁₀ of the mean squared error. CIFAR-10-C's third and fourth motion differ only
    // in the length of the window, far out where the weights are nearly 0.
    let isEqual = kind == .motionBlur && side == 32
    #expect(
      zip(errors, errors.dropFirst()).allSatisfy { isEqual ? $0 <= $1 : $0 < $1 }, "\(errors)")
    #expect(errors[0] > 0)
  }

  @Test(
    "a higher severity of frost, and of snow over its range, leaves less of the picture",
    arguments: [CorruptionKind.frost, .snow], [32, 112])
  func correlations(_ kind: CorruptionKind, _ side: Int) throws {
    let images = Self.pictures(12, 3, side, side)
    let centred = images - images.mean([1, 2, 3], keep: true)
    let left = try CorruptionRecipe.severities.map { severity in
      let found = try Self.corrupted(images, kind, severity)
      let moved = found - found.mean([1, 2, 3], keep: true)
      let sizes = (moved.square.sum([1, 2, 3]) * centred.square.sum([1, 2, 3])).squareRoot
      return ((moved * centred).sum([1, 2, 3]) / sizes).mean().scalar
    }
    let isOrdered = zip(left, left.dropFirst()).allSatisfy { $0 > $1 }
    #expect(kind == .frost ? isOrdered : left[0] > left[4] + 0.1, "\(left)")
  }

  @Test("severity 0 changes no bit, and every other severity changes a picture")
  func zero() throws {
    let images = Self.pictures(3, 3, 32, 32)
    for kind in CorruptionKind.allCases {
      #expect(try Self.corrupted(images, kind, 0).floats() == images.floats())
      for severity in CorruptionRecipe.severities {
        #expect(error(try Self.corrupted(images, kind, severity), images) > 0, "\(kind)")
      }
    }
  }

  @Test(
    "a picture is corrupted in the same way alone and in a batch, bit for bit",
    arguments: CorruptionKind.allCases)
  func batches(_ kind: CorruptionKind) throws {
    let images = Self.pictures(4, 3, 32, 32)
    let whole = try Self.corrupted(images, kind, 3)
    for row in 0..<4 {
      let alone = try Self.corrupted(images.narrow(0, row, 1), kind, 3, first: row)
      #expect(alone.floats() == whole.narrow(0, row, 1).floats())
    }
  }

  @Test(
    "random kinds differ from example to example, and the others do not",
    arguments: CorruptionKind.allCases)
  func randomness(_ kind: CorruptionKind) throws {
    let image = Self.pictures(1, 3, 32, 32)
    let isRandom: Set<CorruptionKind> = [
      .gaussianNoise, .shotNoise, .impulseNoise, .glassBlur, .motionBlur, .snow, .frost, .fog,
      .elastic,
    ]
    let both = try [0, 1].map { try Self.corrupted(image, kind, 3, first: $0).floats() }
    #expect((both[0] != both[1]) == isRandom.contains(kind))
  }

  @Test(
    "in another value range the corruption is the same, scaled", arguments: CorruptionKind.allCases)
  func ranges(_ kind: CorruptionKind) throws {
    let images = Self.pictures(2, 3, 32, 32)
    let found = try Self.corrupted(images, kind, 4)
    let wide = try Self.corrupted(images * 4 - 1, kind, 4, range: -1...3)
    let difference = ((wide + 1) / 4 - found).absolute
    // Where values are rounded to bytes, single pixels may be rounded otherwise.
    #expect(difference.mean().scalar < 1e-4)
    #expect(difference.isAtMost(1e-5).to(.float32).mean().scalar > 0.97)
  }

  @Test("the kinds without random numbers agree with other libraries")
  func libraries() throws {
    for line in corruptionReference.split(separator: "\n") {
      let words = line.split(separator: " ").map(String.init)
      let kind = try #require(CorruptionKind(rawValue: words[0]))
      let (side, severity) = (try #require(Int(words[1])), try #require(Int(words[2])))
      let found = try Self.corrupted(Self.reference(side), kind, severity).floats()
      let expected = words.dropFirst(3).compactMap(Double.init)
      // Pillow rounds to bytes after the rows and after the columns, and twice.
      let tolerance = kind == .pixelate ? 1.51 / 255 : 1.5e-4
      for (place, value) in expected.enumerated() {
        let own = Double(found[7919 * (place + 1) % found.count])
        #expect(abs(own - value) <= tolerance, "\(words[0...2]) \(place): \(own) and \(value)")
      }
    }
  }

  /// The picture of scripts/corruptions_reference.py, `[1, 3, side, side]`.
  private static func reference(_ side: Int) -> Tensor {
    let values = (0..<3).flatMap { c in
      (0..<side).flatMap { y in
        (0..<side).map { x in
          let wave = abs((5 * x + 3 * y * (c + 1)) % 256 - 128)
          let square = 90 * ((x / 6 + y / 9) % 2)
          return Float(min(max(wave + square - 20 * c, 0), 255)) / 255
        }
      }
    }
    return Tensor(values, shape: [1, 3, side, side])
  }

  @Test("a severity is 0, 1, 2, 3, 4 or 5")
  func budgets() throws {
    func plan(_ severity: Double) -> AttackPlan {
      AttackPlan(
        name: "fog", attack: Corruption(.fog), goal: .untargeted, epsilons: [0, severity])
    }
    try plan(5).checkBudgets(in: 0...1, features: 784)
    for wrong in [1.5, 6, -1] {
      #expect(throws: Failure.self) { try plan(wrong).checkBudgets(in: 0...1, features: 784) }
    }
  }

  @Test("JPEG refuses pictures that are neither grey nor coloured")
  func channels() {
    let images = Self.pictures(1, 2, 16, 16)
    #expect(throws: Failure.self) { try Self.corrupted(images, .jpeg, 1) }
  }
}
