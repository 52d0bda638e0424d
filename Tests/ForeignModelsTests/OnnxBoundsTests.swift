import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

@Suite("Interval bounds of ONNX graphs")
struct OnnxBoundsTests {
  private func model(_ name: String) throws -> any Classifier {
    try LoadedModel(Fixture.file(name)).classifier
  }

  private func box(_ random: RandomSource, radius: Double, _ count: Int = 12) -> Bounds {
    let shape = [count, 3, 16, 16]
    return Bounds(around: random.uniform(shape), by: random.uniform(shape) * radius)
  }

  @Test(
    "soundness: no random point in a random box leaves its bounds",
    arguments: ["tiny.onnx", "tiny.dynamo.onnx"], [0.01, 0.2])
  func sound(_ name: String, _ radius: Double) throws {
    let model = try model(name)
    let random = RandomSource(Seed(51))
    let box = box(random, radius: radius)
    let bounds = try withoutGradients { try model.bounds(box) }
    for index in 0..<50 {
      let uniform = random.uniform(box.lower.shape)
      let place = index % 2 == 0 ? uniform : uniform.rounded
      let logits = withoutGradients { model.logits(box.lower + (box.upper - box.lower) * place) }
      let slack = 1e-5 * max(1, logits.absolute.max().scalar)
      #expect((logits - bounds.lower).min().scalar >= -slack)
      #expect((bounds.upper - logits).min().scalar >= -slack)
    }
  }

  @Test(
    "they are those of the same network made of layers",
    arguments: ["tiny.onnx", "tiny.dynamo.onnx"])
  func same(_ name: String) throws {
    let box = box(RandomSource(Seed(52)), radius: 0.05)
    let expected = try withoutGradients { try model("tiny.plain.safetensors").bounds(box) }
    let found = try withoutGradients { try model(name).bounds(box) }
    let scale = expected.upper.absolute.max().scalar
    #expect((found.lower - expected.lower).absolute.max().scalar < 1e-4 * scale)
    #expect((found.upper - expected.upper).absolute.max().scalar < 1e-4 * scale)
  }

  @Test("a box of width 0 gives the logits")
  func point() throws {
    let model = try model("tiny.onnx")
    let images = RandomSource(Seed(53)).uniform([4, 3, 16, 16])
    let bounds = try withoutGradients { try model.bounds(Bounds(lower: images, upper: images)) }
    let logits = withoutGradients { model.logits(images) }
    #expect((bounds.lower - logits).absolute.max().scalar < 1e-5)
    #expect((bounds.upper - logits).absolute.max().scalar < 1e-5)
  }

  @Test("a TorchScript program is refused, with what to do")
  func script() throws {
    let failure = #expect(throws: Failure.self) {
      try model("tiny.pt").bounds(box(RandomSource(Seed(54)), radius: 0.1))
    }
    #expect(failure?.message == "a TorchScript program has no interval bounds")
    #expect(failure?.hint?.isEmpty == false)
  }
}
