import Datasets
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Evaluation

@Suite("Decision maps of data with two features")
struct DecisionMapTests {
  /// Three classes over the plane. The middle one is where a·x₁ + b·x₂ lies between −1 and 1.
  private struct Stripes: Classifier {
    let a: Double
    let b: Double
    let inputShape = InputShape(features: 2)
    let classCount = 3
    let valueRange = -10.0...10.0
    let device = Device.cpu

    func logits(_ images: Tensor) -> Tensor {
      let position = images.select(1, 0) * a + images.select(1, 1) * b
      return Tensor.stack([-position, position * 0 + 1, position], along: 1)
    }
  }

  /// The corners of [−2, 2]x[−1, 3], and a point inside.
  private let data = try! LabelledImages(
    name: "plane", classNames: ["low", "middle", "high"],
    pixels: Tensor([-2, -1, 2, -1, -2, 3, 2, 3, 0.5, 0.25] as [Float], shape: [5, 2]),
    labels: [0, 1, 2, 1, 0], valueRange: -10...10)

  private func map(_ a: Double, _ b: Double, size: Int = 80) throws -> DecisionMap {
    let contestant = Contestant(name: "m", classifier: Stripes(a: a, b: b), fingerprint: "m")
    return try #require(DecisionMap(of: contestant, on: data, size: size))
  }

  @Test("the map spans the data, and has the class of the middle of each place")
  func places() throws {
    let map = try map(1, 0)
    #expect(map.ranges == [-2...2, -1...3])
    #expect(map.classes.count == 6400)
    for (i, j) in [(0, 0), (19, 70), (20, 5), (40, 40), (59, 3), (60, 79), (79, 0)] {
      let first = -2 + 4 * (Double(i) + 0.5) / 80
      #expect(map.predicted(i, j) == (first < -1 ? 0 : first > 1 ? 2 : 1))
    }
    #expect(map.points.map(\.label) == [0, 1, 2, 1, 0])
    #expect(map.points[4].features == [0.5, 0.25])
  }

  @Test("a decision that ignores a feature is steady along it everywhere")
  func ignored() throws {
    let first = try map(1, 0)
    #expect(first.steadyShare(along: 1) == 1 && first.steadyShare(along: 0) == 0)
    let second = try map(0, 1)
    #expect(second.steadyShare(along: 0) == 1 && second.steadyShare(along: 1) == 0)
    let none = try map(0, 0)
    #expect(none.steadyShare(along: 0) == 1 && none.steadyShare(along: 1) == 1)
  }

  @Test("tilted boundaries are steady along the columns that they do not cross")
  func tilted() throws {
    // With x₂ from −1 to 3, the boundaries x₁ + x₂/8 = ±1 cross the columns from −1.375 to −0.875
    // and from 0.625 to 1.125: a share of 1/4 of [−2, 2].
    let share = try map(1, 1.0 / 8, size: 400).steadyShare(along: 1)
    #expect(abs(share - 0.75) <= 0.01, "\(share)")
  }

  /// Two classes, whose log-odds are a quadratic function of the features.
  private struct Bowl: Classifier {
    /// The coefficients of x₁², x₁·x₂, x₂² and x₁.
    let coefficients: [Double]
    let inputShape = InputShape(features: 2)
    let classCount = 2
    let valueRange = -10.0...10.0
    let device = Device.cpu

    func logits(_ images: Tensor) -> Tensor {
      let (x, y) = (images.select(1, 0), images.select(1, 1))
      let c = coefficients
      let value = x.square * c[0] + x * y * c[1] + y.square * c[2] + x * c[3]
      return Tensor.stack([x * 0 + 1, value + 1], along: 1)
    }
  }

  private func bowl(_ coefficients: [Double]) throws -> DecisionMap {
    let two = try LabelledImages(
      name: "plane", classNames: ["low", "high"],
      pixels: Tensor([-2, -1, 2, 3] as [Float], shape: [2, 2]), labels: [0, 1],
      valueRange: -10...10)
    let contestant = Contestant(
      name: "m", classifier: Bowl(coefficients: coefficients), fingerprint: "m")
    return try #require(DecisionMap(of: contestant, on: two, size: 40))
  }

  @Test("the log-odds are the difference of two logits at the middle of each place")
  func logOdds() throws {
    let map = try bowl([1, 0, 0, 0.5])
    let logOdds = try #require(map.logOdds)
    for (i, j) in [(0, 0), (39, 7), (20, 39)] {
      let x = -2 + 4 * (Double(i) + 0.5) / 40
      #expect(abs(logOdds[i + 40 * j] - (x * x + 0.5 * x)) < 2e-5)
    }
    #expect(try self.map(1, 0).logOdds == nil && self.map(1, 0).curvature == nil)
  }

  @Test(
    "the curvature is the Frobenius norm of the Hessian of a quadratic function, 0 of a linear one")
  func curvature() throws {
    #expect(try #require(bowl([0, 0, 0, 3]).curvature) < 0.01)
    // f = x² + 3·x·y − 2·y²: the Hessian is [2, 3; 3, −4], with the squared norm 4 + 18 + 16.
    let curvature = try #require(bowl([1, 3, -2, 1]).curvature)
    #expect(abs(curvature - 38.0.squareRoot()) < 0.01, "\(curvature)")
  }

  @Test("data with other numbers of features have no map")
  func others() throws {
    let digits = try SevenSegmentDigits().images(.test, count: 3)
    let network = try Architecture.named("mlp").network(
      input: digits.shape, classNames: digits.classNames, seed: Seed(1))
    let contestant = Contestant(name: "m", classifier: network, fingerprint: "m")
    #expect(DecisionMap(of: contestant, on: digits) == nil)
  }

  @Test("a stored map is read again, and only for its own request")
  func file() throws {
    let folder = TemporaryFolder()
    let (map, place) = (try map(1, 0.5, size: 10), folder.appending("decisions/m.json"))
    try map.write(request: "a", to: place)
    #expect(DecisionMap(place, request: "a") == map)
    #expect(DecisionMap(place, request: "b") == nil)
    #expect(DecisionMap.stored(for: "m", in: folder.url) == map)
    let text = try String(contentsOf: place, encoding: .utf8)
    for damaged in [
      String(text.dropLast(20)), text.replacing("\"size\":10", with: "\"size\":11"),
      text.replacing("\"format\":2", with: "\"format\":1"),
    ] {
      #expect(damaged != text)
      try Data(damaged.utf8).write(to: place)
      #expect(DecisionMap(place) == nil)
    }
  }
}
