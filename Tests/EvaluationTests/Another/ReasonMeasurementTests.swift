import Datasets
import Defenses
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Evaluation

@Suite("Where the reasons of models lie")
struct ReasonMeasurementTests {
  /// Forty rows of four features; the mask marks the first.
  private static func rows(masks: Bool = true) throws -> LabelledImages {
    let values = RandomSource(Seed(4)).uniform([40, 4], in: -1..<1)
    return try LabelledImages(
      name: "rows", classNames: ["a", "b"], pixels: values, labels: (0..<40).map { Int64($0 % 2) },
      masks: masks ? Tensor([1, 0, 0, 0] as [Float], shape: [1, 4]).expanded([40, 4]) : nil,
      valueRange: -1...1)
  }

  /// The logits ±w·x, whose gradient is the same everywhere.
  private static func linear(_ weights: [Float]) throws -> Network {
    let description = try NetworkDescription(
      input: InputShape(features: 4), layers: LayerList(["linear 2 bias off"]),
      classNames: ["a", "b"], valueRange: -1...1)
    return try Network(
      description, tensors: ["0.weight": Tensor(weights.map { -$0 } + weights, shape: [2, 4])])
  }

  private func measure(
    _ network: Network, after earlier: [Network] = [], addsMasks: Bool = false,
    masks: Bool = true
  ) throws -> ReasonMeasurement {
    ReasonMeasurement(
      of: network, after: earlier, on: try Self.rows(masks: masks), cutoff: 0.67,
      addsMasks: addsMasks, evaluator: Evaluator(batchSize: 7))
  }

  @Test("shares count the large components in the union, in each earlier model and in the mask")
  func shares() throws {
    let first = try Self.linear([1, 0, 0, 0])
    let second = try Self.linear([0, 1, 0.1, 0])
    let third = try Self.linear([1, 0.9, 0.8, -0.7])
    let alone = try measure(first)
    #expect(alone.images == 40 && alone.explained == 40 && alone.largeShare == 0.25)
    #expect(alone.inUnion == nil && alone.inEarlier == [] && alone.inMask == 1)
    #expect(alone.map == [1, 0, 0, 0])
    let found = try measure(third, after: [first, second])
    #expect(found.largeShare == 1 && found.inUnion == 0.5)
    #expect(found.inEarlier == [0.25, 0.25] && found.inMask == 0.25)
    let masked = try measure(third, after: [second], addsMasks: true)
    #expect(masked.inUnion == 0.5 && masked.inEarlier == [0.25])
    #expect(try measure(third, after: [second], masks: false).inMask == nil)
  }

  @Test("a model without gradients has no reasons and no shares")
  func none() throws {
    let found = try measure(Self.linear([0, 0, 0, 0]), after: [Self.linear([1, 0, 0, 0])])
    #expect(found.explained == 0 && found.inUnion == nil && found.largeShare == nil)
    #expect(found.inEarlier == [] && found.inMask == nil && found.map == [0, 0, 0, 0])
  }

  @Test("the union of reasons never shrinks, and contains the masks of the data if they count")
  func union() throws {
    let data = try Self.rows()
    let networks = try (0..<4).map { number in
      let weights = RandomSource(Seed(UInt64(number))).normal([4]).floats()
      return try Self.linear(weights)
    }
    func masks(_ count: Int, addsMasks: Bool) -> [Float] {
      ReasonUnion.masks(
        of: Array(networks.prefix(count)), on: data, cutoff: 0.67, addsMasks: addsMasks,
        evaluator: Evaluator(batchSize: 7)
      ).to(.float32).floats()
    }
    for adds in [false, true] {
      var before = [Float](repeating: 0, count: 160)
      for count in 1...4 {
        let now = masks(count, addsMasks: adds)
        #expect(zip(before, now).allSatisfy { $0 <= $1 })
        if adds { #expect(stride(from: 0, to: 160, by: 4).allSatisfy { now[$0] == 1 }) }
        before = now
      }
      #expect(before.contains(1))
    }
  }

  @Test("pictures have a map with one number for each pixel, large in any channel")
  func pictures() throws {
    let shape = InputShape(channels: 3, height: 2, width: 2)
    let description = try NetworkDescription(
      input: shape, layers: LayerList(["flatten", "linear 2 bias off"]), classNames: ["a", "b"])
    // Channel 1 sees the first pixel and channel 2 the last one.
    var weights = [Float](repeating: 0, count: 24)
    weights[12 + 0] = 1
    weights[12 + 7] = -1
    let network = try Network(
      description, tensors: ["1.weight": Tensor(weights, shape: [2, 12])])
    let data = try LabelledImages(
      name: "pictures", classNames: ["a", "b"], pixels: Tensor.full(0.5, shape: [6, 3, 2, 2]),
      labels: [0, 1, 0, 1, 0, 1])
    let found = ReasonMeasurement(
      of: network, after: [], on: data, cutoff: 0.67, addsMasks: false, evaluator: Evaluator())
    #expect(found.map == [1, 0, 0, 1])
  }

  @Test("examples on which all models agree are no disagreements, and the table has every model")
  func disagreements() {
    let found = Disagreements(
      [("a", [0, 1, 1]), ("a-2", [0, 0, 1])], labels: [0, 1, 0])
    #expect(found.examples.map(\.index) == [1] && found.examples[0].predictions == [1, 0])
    #expect(found.csv() == "index,label,a,a-2\n1,1,1,0\n")
    #expect(Disagreements([("a", [0, 1])], labels: [0, 1]).examples == [])
  }
}
