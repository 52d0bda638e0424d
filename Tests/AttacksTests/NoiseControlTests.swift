import Attacks
import ModelCore
import Support
import TestSupport
import Testing

@Suite("Noise as a control")
struct NoiseControlTests {
  static let controls: [any Attack] = [
    UniformNoise(), UniformNoise(norm: .l2), SignNoise(), SaltAndPepper(),
  ]
  let shape = InputShape(channels: 2, height: 5, width: 10)
  /// Images with room for ±0.25 in every pixel.
  let images = RandomSource(Seed(1)).uniform([40, 2, 5, 10], in: 0.3..<0.7)
  let labels = Tensor(labels: (0..<40).map { $0 % 3 })

  private func run(
    _ attack: any Attack, _ budget: Double, against classifier: (any Classifier)? = nil
  ) throws -> Tensor {
    let classifier = classifier ?? ConstantClassifier(inputShape: shape, classCount: 3)
    let threat = attack.threat(budget, against: classifier)
    let found = attack.perturb(
      images, .away(from: labels), within: threat, against: classifier,
      draws: .of(images, 2))
    try Perturbation.check(found, of: images, within: threat, attack: type(of: attack).name)
    return found
  }

  @Test("a control uses neither the classifier nor the labels", arguments: controls.indices)
  func ignores(_ index: Int) throws {
    let attack = Self.controls[index]
    let weight = RandomSource(Seed(3)).normal([3, 100])
    let counting = CountingClassifier(LinearClassifier(inputShape: shape, weight: weight))
    let found = try run(attack, 0.2, against: counting)
    #expect(counting.calls == 0)
    #expect(found.floats() == (try run(attack, 0.2)).floats())
    let threat = attack.threat(0.2, against: counting)
    let targeted = attack.perturb(
      images, .towards(labels), within: threat, against: counting, draws: .of(images, 2))
    #expect(found.floats() == targeted.floats())
    #expect(found.floats() != images.floats())
  }

  @Test("uniform noise is uniform in −ε…ε")
  func uniform() throws {
    let moves = (try run(UniformNoise(), 0.2) - images).floats().map { Double($0) / 0.2 }
    let quarters = (0..<4).map { quarter in
      moves.count { $0 >= Double(quarter) / 2 - 1 && $0 < Double(quarter) / 2 - 0.5 }
    }
    // 4,000 numbers: a quarter's share is 1000 ± 27.
    #expect(quarters.allSatisfy { abs($0 - 1000) < 140 }, "\(quarters)")
  }

  @Test(
    "ℓ2 noise is uniform in its ball: in two dimensions a quarter is within half the radius")
  func ball() throws {
    let flat = ConstantClassifier(
      inputShape: InputShape(channels: 1, height: 1, width: 2), classCount: 2)
    let points = Tensor.full(0.5, shape: [4000, 1, 1, 2])
    let attack = UniformNoise(norm: .l2)
    let threat = attack.threat(0.4, against: flat)
    let moves = attack.perturb(
      points, .away(from: labels), within: threat, against: flat, draws: .of(points, 4))
    let lengths = Norm.l2.size(moves - points).floats()
    #expect(abs(lengths.count { $0 < 0.2 } - 1000) < 140)
    #expect(lengths.max()! > 0.39)
  }

  @Test("sign noise changes every pixel by exactly ε, half of them upwards")
  func signs() throws {
    let moves = try run(SignNoise(), 0.25) - images
    #expect(moves.absolute.floats().allSatisfy { abs($0 - 0.25) < 1e-6 })
    #expect(abs(moves.floats().count { $0 > 0 } - 2000) < 160)
  }

  @Test(
    "salt-and-pepper noise sets ⌊budget·D⌋ features, half of them to each end of the range",
    arguments: [(0.0, 0), (0.009, 0), (0.01, 1), (0.29, 29), (0.3, 30), (1, 100), (7, 100)])
  func saltAndPepper(_ budget: Double, _ features: Int) throws {
    let found = try run(SaltAndPepper(), budget)
    #expect(Norm.l0.size(found - images).floats() == [Float](repeating: Float(features), count: 40))
    let values = found.floats()
    let (black, white) = (values.count { $0 == 0 }, values.count { $0 == 1 })
    #expect(black + white == 40 * features)
    #expect(abs(Double(black - white)) <= 5 * Double(40 * features).squareRoot())
  }

  @Test("the ends of the range are those of the classifier")
  func range() throws {
    var wide = LinearClassifier(inputShape: shape, weight: Tensor.zeros([3, 100]))
    wide.valueRange = -2...3
    let values = Set(try run(SaltAndPepper(), 1, against: wide).floats())
    #expect(values == [-2, 3])
  }

  @Test("another seed gives other noise", arguments: controls.indices)
  func seeds(_ index: Int) {
    let constant = ConstantClassifier(inputShape: shape, classCount: 3)
    let runs = [1, 1, 2].map { (seed: UInt64) in
      let goal = Goal.away(from: labels)
      return Self.controls[index].sweep(
        images, goal, epsilons: [0.2], against: constant, draws: .of(images, seed))[0]
        .floats()
    }
    #expect(runs[0] == runs[1])
    #expect(runs[0] != runs[2])
  }
}
