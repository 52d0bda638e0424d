import Datasets
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Evaluation

@Suite("Reliance on masked features")
struct MaskRelianceTests {
  /// Rows of four features that are all 0.5 or −0.5, and whose labels are the sign. The mask marks the
  /// first two features; every fifth mask marks nothing.
  private static func rows(_ count: Int = 1000, marked: [Float] = [1, 1, 0, 0]) throws
    -> LabelledImages
  {
    let labels = (0..<count).map { Int64($0 % 2) }
    let values = labels.flatMap { [Float](repeating: $0 == 1 ? 0.5 : -0.5, count: 4) }
    let masks = (0..<count).flatMap { $0 % 5 == 4 ? [Float](repeating: 0, count: 4) : marked }
    return try LabelledImages(
      name: "rows", classNames: ["minus", "plus"], pixels: Tensor(values, shape: [count, 4]),
      labels: labels, masks: Tensor(masks, shape: [count, 4]), valueRange: -1...1)
  }

  /// The logits ±w·x.
  private static func linear(_ weights: [Float]) throws -> Contestant {
    let description = try NetworkDescription(
      input: InputShape(features: 4), layers: LayerList(["linear 2 bias off"]),
      classNames: ["minus", "plus"], valueRange: -1...1)
    let network = try Network(
      description, tensors: ["0.weight": Tensor(weights.map { -$0 } + weights, shape: [2, 4])])
    return Contestant(name: "linear", classifier: network, fingerprint: network.fingerprint)
  }

  private func measure(
    _ weights: [Float], noise: [Double] = [1], clipped: Bool = false,
    on data: LabelledImages? = nil,
    batchSize: Int = 64
  ) throws -> MaskReliance {
    let (model, rows) = (try Self.linear(weights), try data ?? Self.rows())
    return try #require(
      MaskReliance(
        of: model, on: rows, plan: ReliancePlan(noise: noise, isClipped: clipped), seed: Seed(3),
        evaluator: Evaluator(batchSize: batchSize)))
  }

  @Test("a model that ignores masked features loses nothing with noise inside")
  func ignores() throws {
    let found = try measure([0, 0, 1, 1])
    let noise = found.noises[0]
    #expect(found.images == 800 && found.correct == 800 && found.accuracy == 1)
    #expect(noise.inside == 1 && noise.insideDrop == 0 && noise.outside < 0.9)
    #expect(noise.coreSensitivity == 1)
    #expect(found.largeShare == 0 && found.topMarked == 2 && found.topCount == 4)
    #expect(found.maskedShare == 0.5)
  }

  @Test("a model that sees masked features alone loses nothing with noise outside")
  func relies() throws {
    let found = try measure([1, 1, 0, 0])
    let noise = found.noises[0]
    #expect(noise.outside == 1 && noise.outsideDrop == 0 && noise.inside < 0.9)
    #expect(noise.coreSensitivity == -1 && found.largeShare == 1)
  }

  @Test("with Gaussian noise, a linear model is right with probability Φ(|w·x| / (σ·‖w ⊙ m‖))")
  func probability() throws {
    let found = try measure([2, 1, 1, 0.5], noise: [0.5, 2], on: Self.rows(20_000))
    func phi(_ z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }
    for noise in found.noises {
      let (inside, outside) = (
        phi(2.25 / (noise.sigma * 5.0.squareRoot())), phi(2.25 / (noise.sigma * 1.25.squareRoot()))
      )
      // Four standard errors of 16,000 examples.
      #expect(abs(noise.inside - inside) < 0.016, "\(noise)")
      #expect(abs(noise.outside - outside) < 0.016, "\(noise)")
      #expect(abs((noise.insideDrop ?? 9) - (1 - noise.inside)) < 1e-5)
    }
  }

  @Test("the share of large gradient components counts those above c of each example's largest")
  func share() throws {
    // |g| is proportional to |w|: for c = 0.67, the components 1, 0.9 and 0.7 are large.
    let found = try measure([1, -0.9, 0.7, 0.6])
    #expect(abs((found.largeShare ?? 9) - 2.0 / 3) < 1e-5)
    #expect(found.topMarked == 2 && found.explained == 800)
    let half = try measure([1, -0.9, 0.7, 0.6], on: Self.rows(marked: [0.5, 0, 0, 1]))
    #expect(abs((half.largeShare ?? 9) - 0.5 / 3) < 1e-5)
  }

  @Test("of more than ten features, the ten with the largest gradients are compared")
  func topTen() throws {
    let weights = (0..<12).map { Float(12 - $0) }
    let labels = [Int64](repeating: 1, count: 6)
    let data = try LabelledImages(
      name: "rows", classNames: ["minus", "plus"],
      pixels: Tensor([Float](repeating: 0.1, count: 72), shape: [6, 12]), labels: labels,
      masks: Tensor(
        (0..<6).flatMap { _ in (0..<12).map { [0, 9, 10, 11].contains($0) ? Float(1) : 0 } },
        shape: [6, 12]), valueRange: -1...1)
    let description = try NetworkDescription(
      input: InputShape(features: 12), layers: LayerList(["linear 2 bias off"]),
      classNames: ["minus", "plus"], valueRange: -1...1)
    let network = try Network(
      description, tensors: ["0.weight": Tensor(weights.map { -$0 } + weights, shape: [2, 12])])
    let model = Contestant(name: "m", classifier: network, fingerprint: "")
    let found = try #require(MaskReliance(of: model, on: data, seed: Seed(1)))
    #expect(found.topCount == 10 && found.topMarked == 2)
  }

  @Test("without a gradient nothing is explained, and without correct answers no drop is defined")
  func nothing() throws {
    let found = try measure([0, 0, 0, 0])
    #expect(found.explained == 0 && found.largeShare == nil && found.topMarked == nil)
    let wrong = try measure([-1, -1, -1, -1], noise: [0.001])
    #expect(wrong.correct == 0 && wrong.noises[0].insideDrop == nil)
    #expect(wrong.noises[0].coreSensitivity == 0)
    let (model, unmarked) = (
      try Self.linear([1, 1, 1, 1]), try Self.rows(marked: [0, 0, 0, 0])
    )
    #expect(MaskReliance(of: model, on: unmarked, seed: Seed(1)) == nil)
  }

  @Test("the numbers do not depend on the batch size, and clipping keeps values in their range")
  func batches() throws {
    let weights: [Float] = [2, 1, 1, 0.5]
    #expect(try measure(weights, batchSize: 7) == measure(weights, batchSize: 1000))
    // Clipped to −1...1, two features of weight 0.4 contribute at most 0.8, and cannot outweigh the
    // 2 · 1 · 0.5 = 1 of the others.
    #expect(try measure([0.4, 0.4, 1, 1], noise: [1000], clipped: true).noises[0].inside == 1)
    #expect(try measure([0.4, 0.4, 1, 1], noise: [1000]).noises[0].inside < 0.6)
  }

  @Test(
    "the relative core sensitivity, computed by hand",
    arguments: [
      (0.9, 0.5, 0.4 / 0.6), (0.5, 0.9, -0.4 / 0.6), (0.6, 0.2, 0.5), (0.7, 0.7, 0), (1, 0, 1),
      (0, 1, -1), (1, 1, 0), (0, 0, 0), (1, 0.4, 1), (0.3, 0, 1),
    ])
  func core(_ core: Double, _ spurious: Double, _ expected: Double) {
    let found = MaskReliance.relativeCoreSensitivity(core: core, spurious: spurious)
    #expect(abs(found - expected) < 1e-12)
  }

  @Test("the relative core sensitivity lies between −1 and 1 and changes its sign if exchanged")
  func bounds() {
    for core in stride(from: 0, through: 1, by: 0.05) {
      for spurious in stride(from: 0, through: 1, by: 0.05) {
        let found = MaskReliance.relativeCoreSensitivity(core: core, spurious: spurious)
        #expect((-1...1).contains(found))
        #expect(found == -MaskReliance.relativeCoreSensitivity(core: spurious, spurious: core))
      }
    }
  }

  @Test("measurements are stored with their request and read again")
  func file() throws {
    let folder = TemporaryFolder()
    let found = try measure([2, 1, 1, 0.5], noise: [0.5, 1])
    let file = folder.appending("m.json")
    try RelianceFile.write(found, request: "r", to: file)
    #expect(RelianceFile.read(file, request: "r") == .some(found))
    #expect(RelianceFile.read(file, request: "other") == nil)
    try RelianceFile.write(nil, request: "r", to: file)
    #expect(RelianceFile.read(file, request: "r") == .some(nil))
    let lines = [found].csv().split(separator: "\n")
    #expect(lines.count == 3 && lines[1].hasPrefix("linear,800,1,"))
    #expect(lines[0].split(separator: ",").count == lines[1].split(separator: ",").count)
  }
}
