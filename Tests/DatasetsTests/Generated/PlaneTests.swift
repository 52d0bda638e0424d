import Foundation
import ModelCore
import Support
import Testing

@testable import Datasets

@Suite("Points in the plane")
struct PlaneTests {
  /// The points of a data set as pairs of coordinates.
  private func points(_ data: LabelledImages) -> [(x: Double, y: Double)] {
    let numbers = data.batch(0..<data.count).images.floats().map(Double.init)
    return stride(from: 0, to: numbers.count, by: 2).map { (numbers[$0], numbers[$0 + 1]) }
  }

  @Test("two classes: outside where x^4 + y^4 is more than 1.65 million")
  func twoClasses() throws {
    for (split, count) in [(Split.train, 20_000), (.test, 5000)] {
      let data = try DataReference("two-classes-2d").load(split)
      #expect(data.count == count && data.valueRange == -50...50)
      let expected: [Int64] = points(data).map {
        $0.x * $0.x * $0.x * $0.x + $0.y * $0.y * $0.y * $0.y > 1_650_000 ? 1 : 0
      }
      #expect(data.labels.int64s() == expected)
      check(data, shares: [0.4763, 0.5237])
    }
  }

  @Test("three classes: as the published inequalities say")
  func threeClasses() throws {
    for (split, count) in [(Split.train, 30_000), (.test, 5000)] {
      let data = try DataReference("three-classes-2d").load(split)
      #expect(data.count == count && data.valueRange == 0...100)
      for (point, label) in zip(points(data), data.labels.int64s()) {
        let isZero = point.x * point.x + point.y * point.y > 7000 && 3 * point.x - 17 * point.y < 14
        let isOne =
          point.x * point.x * point.x.squareRoot() + 12 * sin(point.y) < 50 || point.x > 45
          || point.y < 5 + point.x / 2
        #expect(label == (isZero ? 0 : isOne ? 1 : 2))
      }
      check(data, shares: [0.4247, 0.3279, 0.2474])
    }
  }

  /// Checks that each class has its share of the area, which 40 million points of NumPy's generator
  /// gave, and that the points are spread evenly.
  private func check(_ data: LabelledImages, shares: [Double]) {
    for (found, share) in zip(data.histogram, shares) {
      let error = (share * (1 - share) * Double(data.count)).squareRoot()
      #expect(abs(Double(found) - share * Double(data.count)) < 4 * error)
    }
    let (low, width) = (data.valueRange.lowerBound, 100.0)
    var counts = [Double](repeating: 0, count: 25)
    for point in points(data) {
      counts[Int((point.x - low) / width * 5) * 5 + Int((point.y - low) / width * 5)] += 1
    }
    #expect(chiSquare(counts) < largestChiSquare(freedom: 24))
  }

  @Test("clusters: the second coordinate is that of the group, and the class is the cluster's")
  func clusters() throws {
    let reference = try DataReference("clusters-2d")
    let parts = try Split.allCases.map { try reference.load($0) }
    #expect(parts.map(\.count) == [630, 90, 180])
    var seen: [[Int]: [Double]] = [:]
    for part in parts {
      #expect(part.valueRange == -40...40)
      let groups = try #require(part.annotations.groups).int64s()
      for (point, (label, group)) in zip(points(part), zip(part.labels.int64s(), groups)) {
        #expect(point.y == 20 * Double(group - 1))
        let along = point.x - (group == 1 ? 1.2 : 0)
        let cluster = Int((along / 2).rounded())
        #expect(label == (cluster == 0 ? 1 : 0))
        seen[[Int(group), cluster], default: []].append(along - 2 * Double(cluster))
      }
      let masks = part.batch(0..<3).annotations.masks
      #expect(masks?.floats() == [0, 1, 0, 1, 0, 1])
      #expect(
        part.groupNames == ["second coordinate -20", "second coordinate 0", "second coordinate 20"])
    }
    #expect(seen.count == 9)
    // Every point is in one split, so each cluster has its 100 points.
    for noise in seen.values {
      #expect(noise.count == 100 && Set(noise).count == 100)
      let mean = noise.reduce(0, +) / 100
      let deviation = (noise.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 99).squareRoot()
      #expect(abs(mean) < 4 * 0.02 && abs(deviation - 0.2) < 4 * 0.2 / 198.0.squareRoot())
    }
  }

  @Test(
    "gaussians: the line x + y = 0 is right for 83.9 % of the points, and both moments are right")
  func gaussians() throws {
    let data = try DataReference("gaussians-2d").load(.test)
    #expect(data.count == 5000 && data.valueRange == -6...6 && data.annotations.groups == nil)
    let labels = data.labels.int64s()
    let right = zip(points(data), labels).count { ($0.x + $0.y > 0) == ($1 == 1) }
    // Φ(.7 · √2) = .8389, with a standard error of .0052.
    #expect(abs(Double(right) / 5000 - 0.8389) < 4 * 0.0052)
    for label in [Int64(0), 1] {
      let own = zip(points(data), labels).filter { $1 == label }.map(\.0)
      for values in [own.map(\.x), own.map(\.y)] {
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
        #expect(abs(mean - (label == 1 ? 0.7 : -0.7)) < 4 / count.squareRoot())
        #expect(abs(variance - 1) < 4 * (2 / count).squareRoot())
      }
    }
  }

  @Test("the points are the same on every machine, and the checks pass")
  func fingerprints() throws {
    // The digest of the clusters was computed in Python, by an implementation of its own.
    let known = [
      "two-classes-2d": "ba54c1a2296c9fe22f3ea4b957d5dacf39c66fc8f0f10c0977d08238d4cd32c5",
      "three-classes-2d": "e593053c0b5051dc1a9981fe80d82098e0a01b0e9915db9af13d26fa23d1b19e",
      "clusters-2d": "9d4c4b73ab4f40e906bbc3f4fdd12f895340288d67799d70c304a1f448a5bac0",
    ]
    for (name, fingerprint) in known {
      #expect(try DataReference(name).load(.train).fingerprint == fingerprint)
      #expect(try DataReference(name).check().passed)
    }
  }
}
