import ForeignModels
import Foundation
import ModelCore
import Support
import Testing

@Suite("Linear bounds of models from ONNX files")
struct OnnxRelaxationTests {
  private func model(_ name: String, _ shape: InputShape) throws -> any Classifier {
    let place = URL(filePath: #filePath).deletingLastPathComponent()
    let images = LoadedModel.Images(shape: shape, classNames: [])
    return try LoadedModel(place.appending(path: "\(name).onnx"), for: images).classifier
  }

  @Test(
    "a graph with a view by its batch size has the bounds of the same network in layers",
    arguments: ["linf", "l2"], [1, 4])
  func view(_ norm: String, _ count: Int) throws {
    let reference = try #require(ReferenceNetwork.all.first { $0.name == "conv" })
    let graph = try model("view", InputShape(channels: 1, height: 8, width: 8))
    let set = try reference.set(norm).rows(Tensor.range(count))
    let bounds = try [graph, reference.network()].map { classifier in
      try Relaxation(of: classifier, on: set, refining: true).logitBounds()
    }
    // In ℓ2, the bounds before the first activation are found in two ways.
    #expect((bounds[0].lower - bounds[1].lower).absolute.max().scalar < 1e-4)
    #expect((bounds[0].upper - bounds[1].upper).absolute.max().scalar < 1e-4)
  }

  @Test("the logits of every input of the set lie in the bounds", arguments: [true, false])
  func contained(_ refines: Bool) throws {
    let graph = try model("mixed", InputShape(channels: 2, height: 6, width: 6))
    let images = RandomSource(Seed(41)).uniform([3, 2, 6, 6])
    for (size, ball) in [(0.05, false), (0.3, false), (0.5, true)] {
      let set = InputSet(
        Bounds(around: images, by: images * 0 + size),
        within: ball ? InputSet.Ball(around: images, radius: size) : nil)
      let bounds = try withoutGradients {
        try Relaxation(of: graph, on: set, refining: refines).logitBounds()
      }
      let tolerance = bounds.radius.max().scalar * 1e-4 + 1e-5
      for x in ExtremePoints(graph, around: images, size: size, ball: ball).all {
        let logits = graph.logits(x)
        #expect((logits - bounds.upper).max().scalar <= tolerance, "\(size) \(ball)")
        #expect((bounds.lower - logits).max().scalar <= tolerance, "\(size) \(ball)")
      }
    }
  }

  @Test("a graph that is written for one image is refused, and not bounded wrongly")
  func fixed() throws {
    let graph = try model("fixed", InputShape(channels: 1, height: 8, width: 8))
    let images = RandomSource(Seed(42)).uniform([2, 1, 8, 8])
    let set = InputSet(Bounds(around: images, by: images * 0 + 0.01))
    #expect(throws: Failure.self) {
      try Relaxation(of: graph, on: set, refining: true).logitBounds()
    }
  }
}
