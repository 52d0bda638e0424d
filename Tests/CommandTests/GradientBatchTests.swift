import ModelCore
import Testing

@testable import crossfire

@Suite("The number of examples whose gradients are computed at once")
struct GradientBatchTests {
  @Test("large examples are fewer at once, unless the user says how many")
  func sizes() throws {
    func size(_ arguments: [String], _ shape: InputShape) throws -> Int {
      try EngineOptions.parse(arguments).evaluator(forGradientsOf: shape).batchSize
    }
    let digit = InputShape(channels: 1, height: 28, width: 28)
    let photograph = InputShape(channels: 3, height: 224, width: 224)
    let poster = InputShape(channels: 3, height: 3000, width: 2000)
    #expect(try size([], digit) == 256)
    #expect(try size([], photograph) == 27)
    #expect(try size([], poster) == 1)
    #expect(try size(["--batch-size", "300"], photograph) == 300)
    #expect(try EngineOptions.parse([]).evaluator().batchSize == 256)
    #expect(throws: (any Error).self) { try size(["--batch-size", "0"], digit) }
  }
}
