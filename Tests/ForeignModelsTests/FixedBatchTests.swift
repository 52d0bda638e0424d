import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

/// A program that accepts batches of one size only. Its logits are the mean of an image, and that
/// mean squared.
private struct FixedProgram: ForeignProgram {
  let size: Int
  var batchSize: Int?
  /// What it says about a batch of another size, with `SIZE` for its own.
  var reason = "failed"

  func run(_ images: Tensor) throws -> Tensor {
    guard images.shape[0] == size else {
      throw Failure.badData(reason.replacing("SIZE", with: "\(size)"))
    }
    let means = images.flattened.mean([1], keep: true)
    return Tensor.concatenate([means, means * means], along: 1)
  }
}

@Suite("A program that was exported for one size of batches runs on batches of that size")
struct FixedBatchTests {
  private static let input = InputShape(channels: 1, height: 2, width: 2)

  private func model(_ program: FixedProgram) throws -> ForeignModel {
    try ForeignModel(program, input: Self.input, notes: ModelNotes(), device: .cpu)
  }

  @Test(
    "the size is what the file states, what a failure names, or one or two",
    arguments: [
      FixedProgram(size: 1), FixedProgram(size: 2), FixedProgram(size: 40, batchSize: 40),
      FixedProgram(size: 3, reason: "shape '[SIZE, 64]' is invalid for input of size 128"),
      FixedProgram(size: 16, reason: "mat1 and mat2 cannot be multiplied (SIZEx8 and 64x3)"),
      FixedProgram(size: 7, batchSize: 5, reason: "expected size SIZE but got size 2"),
    ])
  fileprivate func sizes(_ program: FixedProgram) throws {
    #expect(try model(program).batchSize == program.size)
  }

  @Test("a program without such a limit has none, and a size that nothing tells is not guessed")
  func others() throws {
    let free = try LoadedModel(Fixture.file("tiny.onnx")).classifier as? ForeignModel
    #expect(free?.batchSize == nil)
    let failure = #expect(throws: Failure.self) { try model(FixedProgram(size: 9)) }
    #expect(failure?.message == "failed")
    // A batch of that many images would fill the memory.
    for size in [1 << 40, Int.max, Int.min, 0] {
      #expect(throws: Failure.self) { try model(FixedProgram(size: size, batchSize: size)) }
    }
  }

  @Test(
    "any number of images gives the logits and gradients of each image alone",
    arguments: [1, 3, 4, 5, 8, 9])
  func anyCount(_ count: Int) throws {
    let model = try model(FixedProgram(size: 4, batchSize: 4))
    let images = RandomSource(Seed(1)).uniform([count] + Self.input.sizes)
    let (_, gradient, logits) = model.lossAndGradient(at: images) { $0.sum([1]) }
    let means = images.flattened.mean([1], keep: true)
    #expect(
      relativeError(logits, Tensor.concatenate([means, means * means], along: 1)) < 1e-6)
    // d(m + m²)/dx = (1 + 2m) / 4
    let slope = ((means * 2 + 1) / 4).reshaped([count, 1, 1, 1]).expanded(images.shape)
    #expect(relativeError(gradient, slope) < 1e-6)
  }

  @Test(
    "files for batches of four and of eight images are read",
    arguments: [("batch4.onnx", 4), ("batch8.pt", 8)])
  func files(_ name: String, _ size: Int) throws {
    var notes = ModelNotes()
    notes.input = InputShape(channels: 1, height: 8, width: 8)
    let model = try #require(
      try LoadedModel(Fixture.file(name), notes: notes).classifier as? ForeignModel)
    #expect(model.batchSize == size)
    let images = RandomSource(Seed(1)).uniform([size + 2, 1, 8, 8])
    let together = model.logits(images).detached
    let alone = Tensor.concatenate((0..<size + 2).map { model.logits(images.narrow(0, $0, 1)) })
    #expect(relativeError(alone.detached, together) < 1e-5)
    let gradient = model.inputGradient(at: images) { $0.select(1, 0).sum() }
    #expect(gradient.absolute.flattened.max([1]).floats().allSatisfy { $0 > 0 })
  }
}
