import ModelCore
import Support
import TestSupport
import Testing

@testable import Attacks

@Suite("The adversarial patch")
struct AdversarialPatchTests {
  private let shape = InputShape(channels: 2, height: 10, width: 12)

  /// The cross-entropy of a class that wins by far has no gradient in float32; the margin has one.
  private static func patch(_ place: PatchPlace) -> AdversarialPatch {
    AdversarialPatch(place, StepSchedule(steps: 40, relative: 5), AttackGradient(of: .margin))
  }

  private func attacked(
    _ attack: AdversarialPatch, _ share: Double, count: Int = 8,
    against given: (any Classifier)? = nil
  ) throws -> (images: Tensor, found: Tensor) {
    let images = RandomSource(Seed(21)).uniform([count] + shape.sizes, in: 0.2..<0.8)
    // The first class wins by far, so that no picture reaches its goal.
    let classifier =
      given
      ?? Biased(
        LinearClassifier(
          inputShape: shape, weight: RandomSource(Seed(22)).normal([2, shape.count])), [1000, 0])
    let threat = attack.threat(share, against: classifier)
    let goal = Goal.away(from: Tensor(labels: [Int](repeating: 0, count: count)))
    let found = attack.perturb(
      images, goal, within: threat, against: classifier, draws: .of(images, 23))
    try Perturbation.check(found, of: images, within: threat, attack: "patch")
    return (images, found)
  }

  /// The rows and columns that a picture changed in, as ranges.
  private func changed(_ images: Tensor, _ found: Tensor, _ row: Int) -> (Range<Int>, Range<Int>) {
    let moves = found.select(0, row).differs(from: images.select(0, row)).any([0])
    func range(_ dimension: Int) -> Range<Int> {
      let places = moves.any([dimension]).int64s().enumerated().filter { $0.element != 0 }
        .map(\.offset)
      return places.isEmpty ? 0..<0 : places.min()!..<places.max()! + 1
    }
    return (range(1), range(0))
  }

  @Test(
    "the changes are one square of the side ⌊√(share·H·W)⌋, at most the shorter side",
    arguments: [(0.0, 0), (0.008, 0), (0.01, 1), (0.075, 3), (0.3, 6), (0.31, 6), (1, 10), (9, 10)])
  func side(_ share: Double, _ side: Int) throws {
    let (images, found) = try attacked(Self.patch(PatchPlace()), share)
    for row in 0..<8 {
      let (rows, columns) = changed(images, found, row)
      #expect(rows.count == side && columns.count == side)
    }
  }

  @Test(
    "the square is where it is wanted",
    arguments: [
      (PatchPlace.Part.centre, 3, 4), (.topLeft, 0, 0), (.topRight, 0, 8),
      (.bottomLeft, 6, 0), (.bottomRight, 6, 8),
    ])
  func places(_ part: PatchPlace.Part, _ top: Int, _ left: Int) throws {
    let (images, found) = try attacked(Self.patch(PatchPlace(part)), 16.0 / 120)
    for row in 0..<8 {
      let (rows, columns) = changed(images, found, row)
      #expect(rows == top..<top + 4 && columns == left..<left + 4)
    }
  }

  @Test("random places differ between pictures and reach all borders")
  func random() throws {
    let (images, found) = try attacked(Self.patch(PatchPlace()), 16.0 / 120, count: 120)
    let places = (0..<120).map { changed(images, found, $0) }
    #expect(Set(places.map(\.0.lowerBound)) == Set(0...6))
    #expect(Set(places.map(\.1.lowerBound)) == Set(0...8))
  }

  @Test("against a linear classifier every value of the square becomes the best valid one")
  func best() throws {
    let weight = RandomSource(Seed(24)).normal([2, shape.count])
    let classifier = Biased(LinearClassifier(inputShape: shape, weight: weight), [1000, 0])
    let (images, found) = try attacked(
      Self.patch(PatchPlace(.centre)), 16.0 / 120, against: classifier)
    let slopes = (weight.select(0, 1) - weight.select(0, 0)).reshaped([1] + shape.sizes)
    let best = slopes.isGreater(than: 0).to(.float32).expanded(images.shape)
    let moved = found.differs(from: images)
    #expect(moved.choose(found, else: best).floats() == best.floats())
  }

  @Test("more places fool at least as many pictures")
  func more() throws {
    let model = TinyModel.all[7]
    let images = model.images.narrow(0, 0, 30)
    let goal = Goal.away(from: model.labels.narrow(0, 0, 30))
    let reached = [1, 6].map { places in
      let attack = AdversarialPatch(places: places, StepSchedule(steps: 10, relative: 5))
      let threat = attack.threat(0.25, against: model.classifier)
      let found = attack.perturb(
        images, goal, within: threat, against: model.classifier, draws: .of(images, 25))
      return Int(goal.isReached(model.classifier.predictions(found)).to(.int64).sum().scalar)
    }
    #expect(reached[0] <= reached[1] && reached[1] > 0, "\(reached)")
  }
}
