import Attacks
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@Suite("The geometry of threat models")
struct ThreatModelTests {
  static let norms: [Norm] = [.linf, .l2, .l1]

  private func threat(_ norm: Norm, _ epsilon: Double, _ range: ClosedRange<Double> = -100...100)
    -> ThreatModel
  {
    ThreatModel(norm, epsilon: epsilon, valueRange: range)
  }

  /// Images far from, near and at their originals.
  private func cloud(_ originals: Tensor, seed: UInt64) -> Tensor {
    let random = RandomSource(Seed(seed))
    let scale = random.uniform([originals.shape[0], 1, 1, 1]) * 2
    return originals + random.normal(originals.shape) * scale
  }

  @Test(
    "a projection is within the ball, and a second one changes nothing", arguments: norms,
    [0, 0.01, 0.3, 2, 50])
  func inside(_ norm: Norm, _ epsilon: Double) throws {
    for shape in [[64, 1, 1, 2], [64, 3, 8, 8], [2, 3, 64, 64]] {
      let originals = RandomSource(Seed(1)).uniform(shape)
      let threat = threat(norm, epsilon, 0...1)
      let once = threat.project(cloud(originals, seed: 2), around: originals)
      try Perturbation.check(once, of: originals, within: threat, attack: "projection")
      let twice = threat.project(once, around: originals)
      #expect((twice - once).absolute.max().scalar < 1e-6)
    }
  }

  @Test("a point within the ball is unchanged, in ℓ∞ bit for bit", arguments: norms)
  func stays(_ norm: Norm) {
    let originals = RandomSource(Seed(3)).uniform([20, 1, 4, 4], in: 0.4..<0.6)
    let near = originals + RandomSource(Seed(4)).normal(originals.shape) * 0.001
    let projected = threat(norm, 0.3, 0...1).project(near, around: originals)
    #expect((projected - near).absolute.max().scalar <= (norm == .linf ? 0 : 1e-7))
  }

  /// The sizes of a small vector in ℓ∞, ℓ2 and ℓ1, computed independently.
  private func size(_ norm: Norm, _ move: [Double]) -> Double {
    switch norm {
    case .linf: move.map(abs).max()!
    case .l2: move.reduce(0) { $0 + $1 * $1 }.squareRoot()
    default: move.reduce(0) { $0 + abs($1) }
    }
  }

  @Test(
    "the projection is the nearest point of the ball: none of a grid is nearer",
    arguments: norms, [2, 3])
  func nearest(_ norm: Norm, _ dimensions: Int) {
    let originals = Tensor.zeros([12, 1, 1, dimensions])
    let points = RandomSource(Seed(5)).normal(originals.shape)
    let projected = threat(norm, 0.7).project(points, around: originals).floats().map(Double.init)
    let outside = points.floats().map(Double.init)
    let steps = dimensions == 2 ? 140 : 56
    let line = (0...steps).map { -0.7 + 1.4 * Double($0) / Double(steps) }
    let plane = line.flatMap { a in line.map { [a, $0] } }
    let grid = dimensions == 2 ? plane : plane.flatMap { head in line.map { head + [$0] } }
    let ball = grid.filter { size(norm, $0) <= 0.7 }
    for image in 0..<12 {
      let place = Array(outside[image * dimensions..<(image + 1) * dimensions])
      let answer = Array(projected[image * dimensions..<(image + 1) * dimensions])
      func distance(_ point: [Double]) -> Double { size(.l2, zip(point, place).map { $0 - $1 }) }
      let best = ball.map(distance).min()!
      #expect(distance(answer) <= best + 1e-6)
      // The grid comes as near as its spacing allows, so it would find a nearer point.
      #expect(best <= distance(answer) + 1.4 / Double(steps) * 2)
    }
  }

  /// The projection of one vector by Duchi et al. (2008), Figure 1.
  private func duchi(_ move: [Double], _ radius: Double) -> [Double] {
    guard move.reduce(0, { $0 + abs($1) }) > radius else { return move }
    let sorted = move.map(abs).sorted(by: >)
    var (sum, threshold) = (0.0, 0.0)
    for (rank, value) in sorted.enumerated() {
      sum += value
      let candidate = (sum - radius) / Double(rank + 1)
      if value > candidate { threshold = candidate }
    }
    return move.map { ($0 < 0 ? -1 : 1) * max(abs($0) - threshold, 0) }
  }

  @Test(
    "the ℓ1 projection is that of Duchi et al.", arguments: [1, 2, 3, 64, 3072], [0.05, 1, 20])
  func duchis(_ size: Int, _ radius: Double) {
    let originals = Tensor.zeros([6, 1, 1, size])
    let points = cloud(originals, seed: 6)
    let found = threat(.l1, radius).project(points, around: originals).floats().map(Double.init)
    let moves = points.floats().map(Double.init)
    for image in 0..<6 {
      let part = image * size..<(image + 1) * size
      let expected = duchi(Array(moves[part]), radius)
      #expect(zip(found[part], expected).allSatisfy { abs($0 - $1) < 1e-5 })
    }
  }

  @Test("the ℓ1 projection handles equal and zero coordinates")
  func ties() {
    let equal = Tensor([1, -1, 1, -1, 0, 0, 0, 0] as [Float], shape: [2, 1, 1, 4])
    let found = threat(.l1, 2).project(equal, around: equal * 0).floats()
    #expect(found == [0.5, -0.5, 0.5, -0.5, 0, 0, 0, 0])
  }

  @Test("an ℓ0 projection keeps the ⌊ε⌋ largest changes")
  func fewest() {
    let originals = Tensor.full(0.5, shape: [1, 1, 1, 4])
    let images = Tensor([0.625, 0.125, 0.5, 0.75] as [Float], shape: [1, 1, 1, 4])
    #expect(
      threat(.l0, 2.9).project(images, around: originals).floats() == [0.5, 0.125, 0.5, 0.75])
    #expect(threat(.l0, 0).project(images, around: originals).floats() == originals.floats())
    #expect(threat(.l0, 9).project(images, around: originals).floats() == images.floats())
  }

  @Test(
    "random starts are within the ball, and not all near its centre", arguments: norms,
    [0.01, 0.3, 3])
  func starts(_ norm: Norm, _ epsilon: Double) throws {
    for shape in [[200, 1, 1, 2], [20, 3, 8, 8]] {
      let originals = RandomSource(Seed(7)).uniform(shape)
      let threat = threat(norm, epsilon, 0...1)
      let start = threat.randomStart(originals, .of(originals, 8))
      try Perturbation.check(start, of: originals, within: threat, attack: "start")
      let free = ThreatModel(norm, epsilon: epsilon, valueRange: -100...100)
      let sizes = norm.size(free.randomStart(originals, .of(originals, 8)) - originals).floats()
      #expect(Double(sizes.max()!) > 0.9 * epsilon)
    }
  }

  @Test(
    "random starts are uniform: in two dimensions a quarter is within half the radius",
    arguments: norms)
  func uniform(_ norm: Norm) {
    let originals = Tensor.zeros([4000, 1, 1, 2])
    let starts = threat(norm, 1).randomStart(originals, .of(originals, 9))
    let sizes = norm.size(starts).floats()
    #expect(abs(sizes.count { $0 < 0.5 } - 1000) < 140)
    let isRight = starts.select(3, 0).isAtLeast(0).to(.float32)
    let isUpper = starts.select(3, 1).isAtLeast(0).to(.float32)
    for (right, upper) in [(0.0, 0.0), (0, 1), (1, 0), (1, 1)] {
      let quadrant = isRight.equals(right).and(isUpper.equals(upper)).to(.float32).sum().scalar
      #expect(abs(quadrant - 1000) < 140)
    }
  }

  @Test(
    "a step has its length, increases the loss, and is zero where the gradient is zero",
    arguments: norms)
  func steps(_ norm: Norm) {
    let gradient = RandomSource(Seed(10)).normal([10, 1, 4, 4])
    let step = threat(norm, 1).step(gradient, size: 0.2)
    #expect(norm.size(step).floats().allSatisfy { abs($0 - 0.2) < 1e-6 })
    #expect((step * gradient).sum([1, 2, 3]).min().scalar > 0)
    #expect(threat(norm, 1).step(gradient * 0, size: 0.2).absolute.max().scalar == 0)
  }

  @Test(
    "in ℓ∞ and ℓ2 no step of the same length increases a linear function more",
    arguments: [Norm.linf, .l2])
  func steepest(_ norm: Norm) {
    let gradient = RandomSource(Seed(11)).normal([1, 1, 2, 4])
    let raised = (threat(norm, 1).step(gradient, size: 1) * gradient).sum().scalar
    let many = Tensor.zeros([5000, 1, 2, 4])
    let others = threat(norm, 1).randomStart(many, .of(many, 12))
    #expect((others * gradient).sum([1, 2, 3]).max().scalar <= raised + 1e-6)
  }

  @Test(
    "a step has its length even for very small gradients", arguments: norms,
    [1e-6, 1e-10, 1e-15, 1e-25])
  func faint(_ norm: Norm, _ scale: Double) {
    let gradient = RandomSource(Seed(13)).normal([5, 1, 4, 4]) * scale
    let step = threat(norm, 1).step(gradient, size: 0.2)
    #expect(norm.size(step).floats().allSatisfy { abs($0 - 0.2) < 1e-5 })
  }
}
