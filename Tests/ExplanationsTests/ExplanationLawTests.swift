import ModelCore
import Support
import TestSupport
import Testing

@testable import Explanations

@Suite("Laws of explanations")
struct ExplanationLawTests {
  private let shape = InputShape(channels: 2, height: 6, width: 5)
  private let pictures = RandomSource(Seed(1)).uniform([4, 2, 6, 5])
  private let rows = RandomSource(Seed(2)).uniform([4, 6])

  @Test("integrated gradients of a smooth network add up to the change of the score")
  func completeness() throws {
    let reference = try FrozenReference()
    let network = try reference.pictureNetwork()
    let question = batch(try reference.tensor("picture.inputs"), of: network)
    var method = IntegratedGradients()
    method.steps = 200
    for scalar in ExplainedScalar.allCases {
      method.scalar = scalar
      let gaps = try #require(method.explain(question).gaps)
      #expect(gaps.max().scalar < 1e-3, "\(scalar)")
      method.steps = 2
      let coarse = try #require(method.explain(question).gaps)
      #expect(coarse.max().scalar > gaps.max().scalar, "\(scalar)")
      method.steps = 200
    }
  }

  @Test(
    "integrated gradients of a linear model are the gradient times the way from the baseline",
    arguments: Baseline.allCases)
  func linear(_ baseline: Baseline) throws {
    let model = LinearModel(shape)
    let question = batch(pictures, of: model)
    var method = IntegratedGradients()
    method.scalar = .predictedLogit
    method.baseline = baseline
    method.steps = 3
    let start = baseline.inputs(like: pictures, in: model.valueRange, Background())
    let weights = model.weights(of: question.predicted, like: pictures)
    let found = method.explain(question)
    #expect(distance(found.contributions, weights * (pictures - start)) < 1e-5)
    #expect(try #require(found.gaps).max().scalar < 1e-4)
  }

  @Test("gradient × input of a linear model without a bias adds up to the logit")
  func gradientTimesInput() {
    let model = LinearModel(shape)
    let question = batch(pictures, of: model)
    let found = GradientTimesInput(.predictedLogit).explain(question).contributions
    let bias = model.bias.reshaped([-1]).indexSelect(0, question.predicted)
    let logits = question.scores(of: .predictedLogit)
    #expect(distance(found.flattened.sum([1]), logits - bias) < 1e-5)
  }

  @Test("SmoothGrad without noise is the gradient, and with noise it is not")
  func smoothGrad() throws {
    let reference = try FrozenReference()
    let question = batch(
      try reference.tensor("picture.inputs"), of: try reference.pictureNetwork())
    let gradient = InputGradient().explain(question).contributions
    var method = SmoothGrad()
    method.sigma = 0
    #expect(distance(method.explain(question).contributions, gradient) < 1e-6)
    method.sigma = 0.2
    #expect(distance(method.explain(question).contributions, gradient) > 1e-4)
  }

  @Test("occlusion of a linear model's picture adds up the contributions in each square")
  func occlusionOfPictures() throws {
    let model = LinearModel(shape)
    let question = batch(pictures, of: model)
    let own = (model.weights(of: question.predicted, like: pictures) * pictures).perPlace
    // Squares of one pixel: the contribution of each pixel.
    let single = try Occlusion(settings(["scalar": "predicted-logit", "size": "1", "stride": "1"]))
    #expect(distance(single.explain(question).contributions.perPlace, own) < 1e-5)
    // Squares of 3 that do not overlap: every pixel has the sum over its square.
    let blocks = try Occlusion(settings(["scalar": "predicted-logit", "size": "3", "stride": "3"]))
    let found = blocks.explain(question).contributions.perPlace.reshaped([4, 6, 5])
    let sum = own.reshaped([4, 6, 5]).narrow(1, 0, 3).narrow(2, 0, 3).sum([1, 2])
    #expect(distance(found.select(2, 0).select(1, 0), sum) < 1e-5)
    #expect(distance(found.select(2, 2).select(1, 2), sum) < 1e-5)
  }

  @Test("occlusion of a linear model's rows is weight × (value − baseline)")
  func occlusionOfRows() {
    let model = LinearModel(InputShape(features: 6))
    var method = Occlusion()
    method.scalar = .predictedLogit
    let sparse = rows * rows.isGreater(than: 0.4).to(.float32)
    for images in [rows, sparse] {
      let question = batch(images, of: model, passSize: 5)
      let expected = model.weights(of: question.predicted, like: images) * images
      #expect(distance(method.explain(question).contributions, expected) < 1e-5)
    }
  }

  @Test("LIME with continuous sampling recovers the coefficients of a linear model")
  func limeOfTables() throws {
    let model = LinearModel(InputShape(features: 6), valueRange: -100...100)
    let scale = Tensor([1, 2, 0.5, 4, 1, 3] as [Float], shape: [6])
    let data = RandomSource(Seed(3)).normal([400, 6]) * scale + 2
    let background = Background(rows: data)
    let question = batch(data.narrow(0, 0, 4), of: model, background: background)
    let method = try LocalLinearModel(
      settings(["scalar": "predicted-logit", "sampling": "continuous", "samples": "3000"]))
    let found = method.explain(question).contributions
    // The interpretable features are standardised, so a coefficient is weight × deviation.
    let expected =
      model.weights(of: question.predicted, like: question.images) * background.deviation!
    #expect(distance(found, expected) < 0.02 * expected.absolute.max().scalar)
  }

  @Test("LIME of a linear model finds what each word and each patch adds")
  func limeOfWordsAndPatches() throws {
    let model = LinearModel(InputShape(features: 6))
    let texts = batch(rows * rows.isGreater(than: 0.3).to(.float32), of: model)
    let words = try LocalLinearModel(
      settings(["scalar": "predicted-logit", "sampling": "words", "samples": "3000"]))
    let added = model.weights(of: texts.predicted, like: texts.images) * texts.images
    let found = words.explain(texts).contributions
    #expect(distance(found, added) < 0.05 * added.absolute.max().scalar)

    let pictureModel = LinearModel(shape)
    let question = batch(pictures, of: pictureModel)
    let patches = try LocalLinearModel(
      settings(["scalar": "predicted-logit", "patches": "3", "samples": "3000"]))
    let patched = patches.explain(question).contributions.flattened.sum([1])
    // A patch adds weight × (its values − its mean colour).
    let weights = pictureModel.weights(of: question.predicted, like: pictures)
    let segments = LimeNeighbours.grid(height: 6, width: 5, perSide: 3)
    let membership = Tensor(labels: segments).oneHot(classes: 9)
    let flat = pictures.reshaped([8, 30])
    let means = (flat.matmul(membership) / membership.sum([0])).matmul(membership.transposed)
    let change = (weights * (pictures - means.reshaped(pictures.shape))).flattened.sum([1])
    #expect(distance(patched, change) < 0.05 * change.absolute.max().scalar + 0.01)
  }

  @Test("the curves of a constant function are constant, and so are their areas")
  func constantCurves() {
    let model = ConstantModel(inputShape: shape)
    let question = batch(pictures, of: model)
    let curves = RemovalCurves(question, order: pictures.perPlace, baseline: .zero)
    let probability = Double(question.scores(of: .predictedProbability).floats()[0])
    for area in RemovalCurves.areas(curves.deletion) + RemovalCurves.areas(curves.insertion) {
      #expect(abs(area - probability) < 1e-6)
    }
  }

  @Test("the right order deletes a linear model's score faster than the reverse order")
  func orderedCurves() {
    // With two classes, the probability rises with the difference of the logits.
    let model = LinearModel(shape, classes: 2)
    let question = batch(pictures, of: model)
    let own = question.predicted
    let other = own.equals(0).to(.int64)
    let difference =
      model.weights(of: own, like: pictures) - model.weights(of: other, like: pictures)
    let scores = (difference * pictures).perPlace
    let right = RemovalCurves(question, order: scores, baseline: .zero)
    let wrong = RemovalCurves(question, order: -scores, baseline: .zero)
    let pairs = zip(RemovalCurves.areas(right.deletion), RemovalCurves.areas(wrong.deletion))
    for (small, large) in pairs { #expect(small < large) }
    for example in 0..<4 {
      #expect(abs(right.deletion[0][example] - right.insertion[20][example]) < 1e-6)
      #expect(abs(right.deletion[20][example] - right.insertion[0][example]) < 1e-6)
    }
  }
}

/// Settings as a user writes them.
func settings(_ values: [String: String]) throws -> Settings {
  try Settings(
    values.map { Settings.Entry(name: $0.key, value: .scalar($0.value), place: "test") },
    place: "test")
}
