import ModelCore
import Support
import TestSupport
import Testing

@testable import Explanations

@Suite("Explanations agree with Captum, lime and plain PyTorch")
struct IndependentReferenceTests {
  private let reference: FrozenReference
  private let pictures: ExplainedBatch

  init() throws {
    reference = try FrozenReference()
    pictures = batch(
      try reference.tensor("picture.inputs"), of: try reference.pictureNetwork())
  }

  @Test(
    "integrated gradients and their gap, as Captum",
    arguments: [("logit", ExplainedScalar.predictedLogit), ("probability", .predictedProbability)])
  func integratedGradients(_ kind: (name: String, scalar: ExplainedScalar)) throws {
    var method = IntegratedGradients()
    method.scalar = kind.scalar
    let found = method.explain(pictures)
    let expected = try reference.tensor("picture.integrated.\(kind.name)")
    #expect(relativeError(found.contributions, expected) < 1e-4)
    let gaps = try reference.tensor("picture.integrated.\(kind.name).gap")
    #expect(distance(try #require(found.gaps), gaps) < 2e-5)
  }

  @Test(
    "occlusion, as Captum",
    arguments: [("logit", ExplainedScalar.predictedLogit), ("probability", .predictedProbability)])
  func occlusion(_ kind: (name: String, scalar: ExplainedScalar)) throws {
    var method = try Occlusion(settings(["size": "3", "stride": "2"]))
    method.scalar = kind.scalar
    // Captum gives each of the three channels what is divided among them here.
    let found = method.explain(pictures).contributions * 3
    let expected = try reference.tensor("picture.occlusion.\(kind.name)")
    #expect(relativeError(found, expected) < 1e-4)
  }

  @Test("SmoothGrad with given noise, as PyTorch")
  func smoothGrad() throws {
    let noise = try reference.tensor("picture.noise")
    var method = SmoothGrad()
    method.samples = noise.shape[0]
    let found = method.explain(pictures) { noise.select(0, $0) }
    #expect(relativeError(found.contributions, try reference.tensor("picture.smooth")) < 1e-4)
  }

  @Test("curves of deletion and insertion and their areas, as PyTorch")
  func curves() throws {
    let scores = try reference.tensor("picture.integrated.probability").perPlace
    let found = RemovalCurves(pictures, order: scores, baseline: .zero)
    for (name, curve) in [("deletion", found.deletion), ("insertion", found.insertion)] {
      let flat = Tensor(curve.flatMap(\.self), shape: [curve.count, curve[0].count])
      #expect(distance(flat, try reference.tensor("picture.\(name)")) < 1e-4)
      let areas = RemovalCurves.areas(curve)
      let expected = try reference.tensor("picture.\(name).area")
      #expect(distance(Tensor(areas, shape: [areas.count]), expected) < 1e-4)
    }
  }

  @Test("LIME of a picture on given samples, as the package lime")
  func limeOfPictures() throws {
    let image = pictures.images.narrow(0, 0, 1)
    let segments = LimeNeighbours.grid(height: 8, width: 8, perSide: 4)
    let kept = try reference.tensor("picture.lime.kept")
    let neighbours = LimeNeighbours(image: image, segments: segments, features: kept)
    #expect(
      distance(neighbours.inputs(0..<20), try reference.tensor("picture.lime.inputs")) < 1e-5)
    let scores = try reference.tensor("picture.lime.scores").to(.float64)
    let found = LocalLinearModel().coefficients(neighbours, scores)
    try check(found, "picture.lime.weights")
  }

  @Test(
    "LIME of a table on given samples, as the package lime", arguments: ["quartiles", "continuous"])
  func limeOfTables(_ kind: String) throws {
    let neighbours = LimeNeighbours(
      rows: try reference.tensor("table.\(kind).inputs"),
      features: try reference.tensor("table.\(kind).features"))
    let scores = try reference.tensor("table.\(kind).scores").to(.float64)
    var method = LocalLinearModel()
    try check(method.coefficients(neighbours, scores), "table.\(kind).all")
    method.features = 4
    try check(method.coefficients(neighbours, scores), "table.\(kind).four")
  }

  @Test("LIME of a text on given samples, as the package lime")
  func limeOfTexts() throws {
    let row = try reference.tensor("text.row").reshaped([1, 10])
    let kept = try reference.tensor("text.kept")
    let neighbours = LimeNeighbours(
      row: row, words: Tensor(labels: Array(0..<10)), features: kept)
    let network = try reference.tableNetwork()
    let inputs = neighbours.inputs(0..<kept.shape[0])
    let probabilities = network.logits(inputs).softmax()
    let label = probabilities.narrow(0, 0, 1).argmax(1).int64s()[0]
    let scores = probabilities.select(1, Int(label)).detached
    #expect(distance(scores, try reference.tensor("text.scores")) < 1e-5)
    try check(LocalLinearModel().coefficients(neighbours, scores.to(.float64)), "text.weights")
  }

  @Test("LIME on its own samples finds the features that the package lime finds")
  func ownSamples() throws {
    let rows = try reference.tensor("table.rows")
    let question = batch(
      rows.narrow(0, 0, 50), of: try reference.tableNetwork(), passSize: 5000,
      background: Background(rows: rows))
    var method = LocalLinearModel()
    method.samples = 20_000
    let found = method.explain(question).contributions.absolute
    let expected = try reference.tensor("table.own").absolute
    for row in 0..<50 {
      let overlap = Ranks.overlap(
        found.select(0, row).floats(), expected.select(0, row).floats(), top: 5)
      #expect(overlap >= 0.8, "example \(row)")
    }
  }

  private func check(_ found: [Double], _ name: String) throws {
    let expected = try reference.tensor(name)
    #expect(distance(Tensor(found, shape: [found.count]), expected) < 1e-3, "\(name)")
    #expect(expected.absolute.max().scalar > 0.01, "\(name) is too small to be compared")
  }
}
