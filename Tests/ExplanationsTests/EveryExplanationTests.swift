import ModelCore
import Support
import TestSupport
import Testing

@testable import Explanations

@Suite("Every explanation of the registry")
struct EveryExplanationTests {
  private static let pictures = RandomSource(Seed(1)).uniform([7, 3, 8, 8])

  /// Every method, with few passes.
  static let methods: [NamedExplanation] = try! ExplanationRegistry.names.map { name in
    let few: [String: [String: String]] = [
      "smoothgrad": ["samples": "5"], "integrated-gradients": ["steps": "7"],
      "lime": ["samples": "40", "patches": "3"],
    ]
    return try NamedExplanation(name, settings(few[name] ?? [:]))
  }

  @Test("explains pictures and rows in their shape, with finite numbers", arguments: methods)
  func shapes(_ named: NamedExplanation) throws {
    let reference = try FrozenReference()
    let rows = try reference.tensor("table.rows")
    for (images, network, background) in [
      (Self.pictures, try reference.pictureNetwork(), Background()),
      (rows.narrow(0, 0, 7), try reference.tableNetwork(), Background(rows: rows)),
    ] {
      let found = named.method.explain(batch(images, of: network, background: background))
      #expect(found.contributions.shape == images.shape)
      #expect(found.contributions.isFinite.all().isTrue)
      #expect(found.contributions.absolute.max().scalar > 0)
    }
  }

  @Test(
    "an explanation depends neither on the batch nor on the number of passes at once",
    arguments: methods)
  func batches(_ named: NamedExplanation) throws {
    let reference = try FrozenReference()
    let rows = try reference.tensor("table.rows")
    for (images, network, background) in [
      (Self.pictures, try reference.pictureNetwork(), Background()),
      (rows.narrow(0, 0, 7), try reference.tableNetwork(), Background(rows: rows)),
    ] {
      let whole = named.method.explain(batch(images, of: network, background: background))
        .contributions
      let parts = [0..<2, 2..<3, 3..<7].map { range in
        named.method.explain(
          batch(
            images.narrow(0, range.lowerBound, range.count), of: network, passSize: 3,
            first: range.lowerBound, background: background)
        ).contributions
      }
      #expect(relativeError(Tensor.concatenate(parts), whole) < 1e-4)
    }
  }

  @Test("settings that are written down create the same method again", arguments: methods)
  func roundTrip(_ named: NamedExplanation) throws {
    let again = try NamedExplanation(named.name, settings(named.method.parameters))
    #expect(again.method.parameters == named.method.parameters)
  }

  @Test("a constant model has no explanation", arguments: methods)
  func constant(_ named: NamedExplanation) {
    let model = ConstantModel(inputShape: InputShape(channels: 3, height: 8, width: 8))
    let found = named.method.explain(batch(Self.pictures, of: model)).contributions
    #expect(found.absolute.max().scalar < 1e-6)
  }

  @Test("the sign says whether a feature raises or lowers the score", arguments: methods)
  func signs(_ named: NamedExplanation) throws {
    // The score of the predicted class rises with the first feature and falls with the second.
    let model = LinearPair()
    let data = RandomSource(Seed(4)).uniform([200, 2]) + 0.5
    let images = Tensor([1.9, 0.6] as [Float], shape: [1, 2])
    let question = batch(images, of: model, background: Background(rows: data))
    let found = named.method.explain(question).contributions.floats()
    #expect(found[0] > 0, "\(named.name)")
    // These methods compare with usual values, among which 0.6 is a low one that raises the score.
    let comparesWithUsual = ["integrated-gradients", "occlusion", "lime"].contains(named.name)
    #expect(comparesWithUsual ? found[1] > 0 : found[1] < 0, "\(named.name)")
  }

  @Test("an unknown method, setting or value is refused with the nearest name")
  func refusals() throws {
    func message(_ name: String, _ values: [String: String]) throws -> String {
      let failure = try #require(throws: Failure.self) {
        _ = try NamedExplanation(name, settings(values))
      }
      return "\(failure.message) \(failure.hint ?? "")"
    }
    #expect(try message("gradeint", [:]).contains("gradient"))
    #expect(try message("smoothgrad", ["sigmas": "1"]).contains("sigma"))
    #expect(try message("integrated-gradients", ["baseline": "black"]).contains("'black'"))
    let twice = try [NamedExplanation("gradient"), NamedExplanation("gradient")]
    #expect(throws: Failure.self) { _ = try NamedExplanation.distinct(twice) }
    let both = try [
      NamedExplanation("gradient"), NamedExplanation("gradient", settings(["scalar": "loss"])),
    ]
    #expect(
      try NamedExplanation.distinct(both).map(\.name) == ["gradient", "gradient-scalar-loss"])
  }

  @Test("methods refuse data that they are not for")
  func unfit() throws {
    let picture = InputShape(channels: 1, height: 8, width: 8)
    let row = InputShape(features: 4)
    #expect(throws: Failure.self) {
      try Occlusion(settings(["size": "3"])).check(row, Background())
    }
    #expect(throws: Failure.self) {
      try Occlusion(settings(["size": "3", "stride": "4"])).check(picture, Background())
    }
    #expect(throws: Failure.self) {
      try LocalLinearModel(settings(["sampling": "words"])).check(picture, Background())
    }
    #expect(throws: Failure.self) {
      try LocalLinearModel(settings(["sampling": "patches"])).check(row, Background())
    }
    let texts = Background(rows: Tensor.zeros([5, 4]))
    #expect(texts.isSparse)
    #expect(throws: Failure.self) {
      try LocalLinearModel(settings(["sampling": "quartiles"])).check(row, texts)
    }
    try LocalLinearModel().check(row, texts)
  }
}

/// Two features and two classes: the logit of class 0 is x₀ − x₁, and that of class 1 is 0.
private struct LinearPair: Classifier {
  let inputShape = InputShape(features: 2)
  let classCount = 2
  let valueRange = 0.0...2.0
  let device = Device.cpu

  func logits(_ images: Tensor) -> Tensor {
    images.linear(Tensor([1, -1, 0, 0] as [Float], shape: [2, 2]), bias: nil)
  }
}
