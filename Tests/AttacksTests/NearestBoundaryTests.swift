import ModelCore
import Support
import TestSupport
import Testing

@testable import Attacks

/// A linear classifier has a known nearest boundary: its distance is |z[k] − z[y]| / ‖w[k] − w[y]‖₂
/// for the nearest class k.
@Suite("DeepFool and Carlini-Wagner find the nearest boundary of a linear classifier")
struct NearestBoundaryTests {
  struct Case: CustomStringConvertible, Sendable {
    let classes: Int
    let shape: InputShape
    var range = 0.0...1.0
    var description: String { "K = \(classes), \(shape) in \(range)" }

    /// Images in the middle of the range, so that no boundary is beyond it.
    var images: Tensor {
      let random = RandomSource(Seed(1)).uniform([12] + shape.sizes, in: 0.45..<0.55)
      return random * (range.upperBound - range.lowerBound) + range.lowerBound
    }

    var classifier: LinearClassifier {
      // Their mean is subtracted, so that all classes are about equally likely.
      let weight = RandomSource(Seed(2)).normal([classes, shape.count])
      var classifier = LinearClassifier(
        inputShape: shape, weight: weight - weight.mean([1], keep: true))
      classifier.valueRange = range
      return classifier
    }
  }

  static let cases = [
    Case(classes: 2, shape: InputShape(channels: 1, height: 4, width: 4)),
    Case(classes: 2, shape: InputShape(channels: 1, height: 6, width: 6), range: -1...1),
    Case(classes: 10, shape: InputShape(channels: 3, height: 5, width: 4)),
    Case(classes: 10, shape: InputShape(channels: 1, height: 8, width: 8), range: 0...255),
    Case(classes: 100, shape: InputShape(channels: 1, height: 8, width: 8)),
  ]

  /// The distance of each image to the nearest point where another class (or the target) has the
  /// largest logit.
  private func distances(_ test: Case, _ goal: Goal, lead: Double = 0) -> [Double] {
    let classifier = test.classifier
    let logits = classifier.logits(test.images).floats().map(Double.init)
    let weight = classifier.weight.floats().map(Double.init)
    let size = test.shape.count
    return goal.focus.int64s().enumerated().map { image, focus in
      let focus = Int(focus)
      let others = (0..<test.classes).filter { $0 != focus }
      return others.map { other in
        let gap =
          abs(logits[image * test.classes + focus] - logits[image * test.classes + other]) + lead
        let square = (0..<size).map { weight[focus * size + $0] - weight[other * size + $0] }
          .reduce(0) { $0 + $1 * $1 }
        return gap / square.squareRoot()
      }.min()!
    }
  }

  /// The lengths of the perturbations that an attack finds.
  private func lengths(_ attack: any SmallestPerturbationAttack, _ test: Case, _ goal: Goal)
    -> [Double]
  {
    let found = attack.nearest(
      test.images, goal, against: test.classifier, draws: .of(test.images, 3))
    let reached = goal.isReached(test.classifier.predictions(found))
    #expect(reached.all().isTrue)
    return Norm.l2.size(found - test.images).floats().map(Double.init)
  }

  @Test(
    "DeepFool goes exactly (1 + η) times as far as the boundary", arguments: cases, [0.02, 0.5])
  func deepfool(_ test: Case, _ overshoot: Double) {
    let goal = Goal.away(from: test.classifier.predictions(test.images))
    let found = lengths(DeepFool(overshoot: overshoot, classes: 99), test, goal)
    for (found, exact) in zip(found, distances(test, goal)) {
      let rounding = 2e-5 + (test.range.upperBound - test.range.lowerBound) * 1e-7
      #expect(abs(found - (1 + overshoot) * exact) < 2e-4 * exact + rounding, "\(found / exact)")
    }
  }

  /// With many classes it finds the boundary of a near class, which is not always the nearest one.
  @Test(
    "Carlini-Wagner ends at most 1 % beyond the boundary, and never before it", arguments: cases,
    [0, 0.5])
  func carliniWagner(_ test: Case, _ confidence: Double) {
    let goal = Goal.away(from: test.classifier.predictions(test.images))
    let found = lengths(CarliniWagner(searches: 12, confidence: confidence), test, goal)
    let ratios = zip(found, distances(test, goal, lead: confidence)).map { $0 / $1 }
    #expect(ratios.allSatisfy { $0 > 0.9998 && $0 < 1.1 }, "\(ratios)")
    #expect(ratios.count { $0 < 1.01 } >= [2: 12, 10: 11, 100: 8][test.classes]!, "\(ratios)")
  }

  @Test(
    "Carlini-Wagner finds the nearest boundary point with valid pixels"
  )
  func carliniWagnerInTheBox() throws {
    let random = RandomSource(Seed(11))
    let images = (random.uniform([12, 1, 6, 6]) * 1.6 - 0.3).clamped(to: 0...1)
    let weight = random.normal([2, 36])
    let classifier = LinearClassifier(
      inputShape: InputShape(channels: 1, height: 6, width: 6),
      weight: weight - weight.mean([1], keep: true))
    let labels = classifier.predictions(images)
    let difference = (classifier.weight.select(0, 0) - classifier.weight.select(0, 1)).reshaped([
      1, -1,
    ]).expanded([
      12, 36,
    ]).contiguous
    let exact = BoxedHyperplane.move(
      from: images.flattened, normals: difference, offsets: Tensor.zeros([12]), norm: .l2,
      box: 0...1)
    let found = CarliniWagner(searches: 12).nearest(
      images, .away(from: labels), against: classifier, draws: .of(images, 3))
    let lengths = zip(Norm.l2.size(found - images).floats(), Norm.l2.size(exact).floats())
    for (found, exact) in lengths {
      #expect(found >= exact * 0.9999 && found <= exact * 1.01, "\(found / exact)")
    }
  }

  @Test("the nearest class is not always the most likely one")
  func likeliest() {
    // Gaps 0.1 and 0.25, slopes 0.14 and 1.8.
    let weight = Tensor([1, 1, 0.9, 0.9, 2, -0.5] as [Float], shape: [3, 2])
    let shape = InputShape(channels: 1, height: 1, width: 2)
    let classifier = LinearClassifier(inputShape: shape, weight: weight)
    let image = Tensor.full(0.5, shape: [1, 1, 1, 2])
    let goal = Goal.away(from: Tensor(labels: [0]))
    let lengths = [1, 2].map { classes in
      let found = DeepFool(classes: classes).nearest(
        image, goal, against: classifier, draws: .of(image, 4))
      return Norm.l2.size(found - image).scalar
    }
    // The boundary of the most likely class is outside the valid pixel range.
    #expect(lengths[0] == 0)
    #expect(abs(lengths[1] - 1.02 * 0.25 / 3.25.squareRoot()) < 1e-5)
  }

  @Test("of two classes, the boundary to a target is the same one", arguments: cases.prefix(2))
  func targeted(_ test: Case) {
    let predictions = test.classifier.predictions(test.images)
    let exact = distances(test, .away(from: predictions))
    let goal = Goal.towards(predictions.equals(0).to(.int64))
    for (found, exact) in zip(lengths(DeepFool(), test, goal), exact) {
      #expect(abs(found - 1.02 * exact) < 1e-4 * exact + 1e-5)
    }
  }

  @Test("DeepFool crosses a boundary on which it starts")
  func onTheBoundary() {
    let shape = InputShape(channels: 1, height: 1, width: 2)
    let classifier = LinearClassifier(
      inputShape: shape, weight: Tensor([1, 0, 0, 1] as [Float], shape: [2, 2]))
    let image = Tensor([0.3, 0.3] as [Float], shape: [1, 1, 1, 2])
    let goal = Goal.away(from: Tensor(labels: [0]))
    let found = DeepFool().nearest(image, goal, against: classifier, draws: .of(image, 5))
    #expect(goal.isReached(classifier.predictions(found)).isTrue)
    #expect(Norm.l2.size(found - image).scalar < 1e-4)
  }
}
