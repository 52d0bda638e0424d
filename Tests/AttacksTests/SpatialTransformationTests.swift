import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Attacks

@Suite("The spatial attack")
struct SpatialTransformationTests {
  private func round(_ values: [Float]) -> [Float] { values.map { ($0 * 1e4).rounded() / 1e4 } }

  /// A classifier of two classes: the second one wins if the chosen features add up to more than a
  /// bias.
  private func detector(of features: [Int], side: Int, above bias: Float) -> Biased {
    let weights = (0..<side * side).map { features.contains($0) ? Float(1) : 0 }
    let rows = [Float](repeating: 0, count: side * side) + weights
    return Biased(
      LinearClassifier(
        inputShape: InputShape(channels: 1, height: side, width: side),
        weight: Tensor(rows, shape: [2, side * side])), [bias, 0])
  }

  private func attacked(
    _ attack: SpatialTransformation, _ image: Tensor, _ classifier: any Classifier,
    _ budget: Double,
    seed: UInt64 = 1
  ) throws -> Tensor {
    let threat = attack.threat(budget, against: classifier)
    let found = attack.perturb(
      image, .away(from: Tensor(labels: [Int](repeating: 0, count: image.shape[0]))),
      within: threat, against: classifier, draws: .of(image, seed))
    try Perturbation.check(found, of: image, within: threat, attack: "spatial")
    return found
  }

  @Test("a quarter turn is exact, and goes counter-clockwise")
  func turn() {
    let image = Tensor([1, 2, 3, 4, 5, 6, 7, 8, 9] as [Float], shape: [1, 1, 3, 3])
    let quarter = PicturePlacement(angle: 90, down: 0, right: 0)
    #expect(round(image.placed([quarter], background: 0).floats()) == [3, 6, 9, 2, 5, 8, 1, 4, 7])
    let back = PicturePlacement(angle: -90, down: 0, right: 0)
    #expect(round(image.placed([back], background: 0).floats()) == [7, 4, 1, 8, 5, 2, 9, 6, 3])
  }

  @Test("a move by whole pixels is exact, and the background comes in")
  func move() {
    let image = Tensor([1, 2, 3, 4, 5, 6, 7, 8, 9] as [Float], shape: [1, 1, 3, 3])
    let place = PicturePlacement(angle: 0, down: 1.0 / 3, right: -1.0 / 3)
    #expect(
      round(image.placed([place], background: -1).floats()) == [-1, -1, -1, 2, 3, -1, 5, 6, -1])
  }

  @Test("each picture has a placement of its own")
  func own() {
    let image = CorruptionTests.pictures(2, 3, 9, 9)
    let placements = [
      PicturePlacement(angle: 20, down: 0.1, right: 0),
      PicturePlacement(angle: -5, down: 0, right: 0.2),
    ]
    let both = image.placed(placements, background: 0)
    for row in 0..<2 {
      let alone = image.narrow(0, row, 1).placed([placements[row]], background: 0)
      #expect(alone.floats() == both.narrow(0, row, 1).floats())
    }
  }

  @Test("the grid has 31·5·5 candidates, the unchanged picture first, and reaches both ends")
  func grid() {
    let grid = PicturePlacement.grid(31, 5)
    #expect(grid.count == 775 && SpatialTransformation().candidates == 775)
    #expect(grid[0].angle == 0 && grid[0].down == 0 && grid[0].right == 0)
    for end in [-1.0, 1] {
      #expect(grid.contains { $0.angle == end && $0.down == end && $0.right == -end })
    }
    #expect(Set(grid.map { "\($0)" }).count == 775)
    #expect(PicturePlacement.grid(1, 1).map(\.angle) == [0])
  }

  @Test("the grid finds the move that a classifier looks for, and no farther one")
  func finds() throws {
    // A bright pixel in the middle of 11x11; the classifier looks one pixel to its right. A tenth
    // of the side is 1.1 pixels, and half of it 0.55.
    let image = Tensor.ones([1, 1, 1, 1]).padded(left: 5, right: 5, top: 5, bottom: 5)
    let right = detector(of: [5 * 11 + 6], side: 11, above: 0.85)
    let attack = SpatialTransformation(rotation: 0, rotations: 1, translations: 3)
    let found = try attacked(attack, image, right, 1)
    #expect(right.predictions(found).int64s() == [1])
    #expect(try attacked(attack, image, right, 0.5).floats().max()! > 0)
    let near = try attacked(attack, image, right, 0.5)
    #expect(right.predictions(near).int64s() == [0])
    // Where no candidate reaches the goal, the one that comes nearest remains.
    let place = near.select(0, 0).select(0, 0).select(0, 5).floats()
    #expect(abs(place[6] - 0.55) < 1e-4)
  }

  @Test("more random candidates never find less, and the grid finds at least as much in the end")
  func more() throws {
    let model = TinyModel.all[7]
    let images = model.images.narrow(0, 0, 40)
    let goal = Goal.away(from: model.labels.narrow(0, 0, 40))
    func reached(_ attack: SpatialTransformation) -> Int {
      let threat = attack.threat(1, against: model.classifier)
      let found = attack.perturb(
        images, goal, within: threat, against: model.classifier, draws: .of(images, 3))
      return Int(goal.isReached(model.classifier.predictions(found)).to(.int64).sum().scalar)
    }
    let few = [1, 10, 60].map { reached(SpatialTransformation(.random, k: $0)) }
    #expect(few[0] <= few[1] && few[1] <= few[2], "\(few)")
    #expect(reached(SpatialTransformation()) >= few[1])
  }

  @Test("what comes in from outside has the smallest valid value")
  func background() throws {
    // The second class wins if the picture becomes darker, which is never enough.
    let weights = [Float](repeating: 0, count: 64) + [Float](repeating: -1, count: 64)
    var linear = LinearClassifier(
      inputShape: InputShape(channels: 1, height: 8, width: 8),
      weight: Tensor(weights, shape: [2, 64]))
    linear.valueRange = -2...2
    let darker = Biased(linear, [1000, 0])
    let image = Tensor.full(2, shape: [1, 1, 8, 8])
    let found = try attacked(SpatialTransformation(), image, darker, 1)
    #expect(abs(found.min().scalar + 2) < 1e-5)
  }

  @Test("a factor is from 0 to 1")
  func budgets() throws {
    func plan(_ factor: Double) -> AttackPlan {
      AttackPlan(
        name: "spatial", attack: SpatialTransformation(), goal: .untargeted, epsilons: [factor])
    }
    for right in [0, 0.5, 1] { try plan(right).checkBudgets(in: 0...1, features: 784) }
    #expect(throws: Failure.self) { try plan(1.5).checkBudgets(in: 0...1, features: 784) }
  }
}
