import Foundation
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

  @Test(
    "soundness of the operators with a rule: no point of a box leaves its bounds",
    arguments: OnnxOperatorTests.names)
  func operators(_ name: String) throws {
    let folder = TemporaryFolder()
    let place = folder.appending("case.onnx")
    try Data(OnnxOperatorTests.tensor("\(name).model").bytes()).write(to: place)
    let program = try OnnxProgram(try OnnxFile(place), device: .cpu)
    let input = try OnnxOperatorTests.tensor("\(name).input")
    let random = RandomSource(Seed(55))
    let box = Bounds(around: input, by: random.uniform(input.shape) * 0.05)
    let found = Result { try withoutGradients { try program.bounds(box) } }
    guard let bounds = try? found.get() else {
      // Operators without a rule name themselves.
      let failure = #expect(throws: Failure.self) { try found.get() }
      #expect(failure?.message.hasPrefix("node ") == true)
      return
    }
    for _ in 0..<8 {
      let point = box.lower + (box.upper - box.lower) * random.uniform(input.shape)
      let output = try withoutGradients { try program.run(point) }
      // Bounds of functions with a limited domain may end outside of it.
      let slack = 1e-5 * max(1, output.absolute.max().scalar)
      #expect((output - bounds.lower).min().scalar >= -slack, "\(name)")
      #expect((bounds.upper - output).min().scalar >= -slack, "\(name)")
    }
  }

  @Test("a padded ResNet has bounds, and a vision transformer names what has none")
  func families() throws {
    let folder = TemporaryFolder()
    let root = folder.appending("x").deletingLastPathComponent()
    let images = try OnnxFamilyTests.families.tensor("images")
    let box = Bounds(around: images, by: images * 0 + 0.001)
    let padded = try LoadedModel(OnnxFamilyTests.write("resnet.script13.free", into: root))
    let bounds = try withoutGradients { try padded.classifier.bounds(box) }
    let logits = withoutGradients { padded.classifier.logits(images) }
    #expect((logits - bounds.lower).min().scalar > 0)
    #expect((bounds.upper - logits).min().scalar > 0)
    let flat = try LoadedModel(OnnxFamilyTests.write("groupnorm.dynamo.free", into: root))
    let failure = #expect(throws: Failure.self) { try flat.classifier.bounds(box) }
    #expect(
      failure?.message.contains("(GroupNormalization)") == true
        || failure?.message.contains("(InstanceNormalization)") == true)
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
