import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Attacks

@Suite("The parts of common corruptions")
struct CorruptionPartsTests {
  private func draws(_ seed: UInt64 = 5) -> ExampleDraws { ExampleDraws(Seed(seed), examples: [0]) }

  private func corrupt(_ x: Tensor, _ kind: CorruptionKind, _ severity: Int) -> Tensor {
    CorruptionRecipe(kind, severity: severity, height: x.shape[1], width: x.shape[2])
      .corrupting(x, draws())
  }

  @Test("Gaussian noise has the published standard deviation", arguments: [(32, 0.1), (112, 0.38)])
  func gaussian(_ side: Int, _ deviation: Double) {
    let grey = Tensor.full(0.5, shape: [3, side, side])
    let noise = corrupt(grey, .gaussianNoise, 5) - grey
    #expect(abs(noise.square.mean().scalar.squareRoot() / deviation - 1) < 0.05)
    #expect(abs(noise.mean().scalar) < deviation * 0.1)
  }

  @Test("impulse noise hits the published share of values, half of them become white")
  func impulse() {
    let grey = Tensor.full(0.5, shape: [3, 112, 112])
    let found = corrupt(grey, .impulseNoise, 5)
    let white = found.equals(1).to(.float32).mean().scalar
    let black = found.equals(0).to(.float32).mean().scalar
    #expect(abs(white - 0.135) < 0.006 && abs(black - 0.135) < 0.006)
  }

  @Test("counts of photons have the distribution of Poisson", arguments: [0.0, 0.7, 12, 500])
  func poisson(_ mean: Double) {
    let count = 20_000
    let counts = (0..<count).map {
      Double(CorruptionRecipe.poisson(mean: mean, at: (Double($0) + 0.5) / Double(count)))
    }
    let average = counts.reduce(0, +) / Double(count)
    let variance = counts.reduce(0) { $0 + ($1 - average) * ($1 - average) } / Double(count)
    #expect(abs(average - mean) <= 0.002 * mean + 1e-9)
    #expect(abs(variance - mean) <= 0.02 * mean + 1e-9)
    let none = counts.count { $0 == 0 }
    #expect(abs(Double(none) / Double(count) - exp(-mean)) < 1e-3)
  }

  @Test("borders continue a picture as SciPy and OpenCV name it")
  func borders() {
    func places(_ border: PictureBorder) -> [Int64] {
      border.places(from: -5, count: 13, size: 4).int64s()
    }
    #expect(places(.edge) == [0, 0, 0, 0, 0, 0, 1, 2, 3, 3, 3, 3, 3])
    #expect(places(.mirrorEdges) == [3, 3, 2, 1, 0, 0, 1, 2, 3, 3, 2, 1, 0])
    #expect(places(.mirrorCentres) == [1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1])
    #expect(PictureBorder.mirrorCentres.place(7, 1) == 0)
  }

  @Test("samples between pixels are linear, and a border is the one that was asked for")
  func samples() {
    let x = Tensor([0, 1, 4, 9] as [Float], shape: [1, 1, 1, 4])
    func sampled(_ columns: [Float], _ border: PictureBorder) -> [Float] {
      let places = Tensor(columns, shape: [1, 1, columns.count])
      return x.sampled(rows: places * 0, columns: places, beyond: border).floats()
        .map { ($0 * 1000).rounded() / 1000 }
    }
    #expect(sampled([0, 0.5, 1, 2.25, 3], .edge) == [0, 0.5, 1, 5.25, 9])
    #expect(sampled([-1, -0.5, 3.5, 5], .zeros) == [0, 0, 4.5, 0])
    #expect(sampled([-2, 3.5, 9], .edge) == [0, 9, 9])
    #expect(sampled([-2, -1, 4, 5], .mirrorEdges) == [1, 0, 9, 4])
    let square = Tensor([0, 1, 4, 9, 0, 1, 4, 9] as [Float], shape: [1, 1, 2, 4])
    let places = Tensor([-2, -1, 4, 5] as [Float], shape: [1, 1, 4])
    let mirrored = square.sampled(rows: places * 0, columns: places, beyond: .mirrorCentres)
    #expect(mirrored.floats().map { ($0 * 1000).rounded() / 1000 } == [4, 1, 4, 1])
  }

  @Test(
    "filters keep a uniform picture as it is, up to its edges",
    arguments: [
      CorruptionKind.defocusBlur, .glassBlur, .motionBlur, .zoomBlur, .contrast, .elastic,
      .pixelate, .jpeg,
    ], [32, 112])
  func uniform(_ kind: CorruptionKind, _ side: Int) {
    let value = 128.0 / 255
    let x = Tensor.full(value, shape: [3, side, side])
    for severity in CorruptionRecipe.severities {
      let difference = (corrupt(x, kind, severity) - x).absolute.max().scalar
      // The smoothed disk has a little too much at the edge of its window. Glass rounds to bytes.
      let tolerance = [CorruptionKind.defocusBlur: 0.008, .glassBlur: 0.005][kind] ?? 0.003
      #expect(difference < tolerance, "\(severity): \(difference)")
    }
  }

  @Test("a point in motion leaves a streak behind it, on a straight line")
  func streak() {
    let point = Tensor.ones([1, 1, 1]).padded(left: 10, right: 10, top: 10, bottom: 10)
    let streak = Streak(radius: 3, deviation: 2)
    #expect(abs(streak.weights.reduce(0, +) - 1) < 1e-12)
    let right = streak.applied(to: point, angle: 0).select(0, 0).select(0, 10).floats()
    #expect((4...10).allSatisfy { right[$0] > 0 } && right[11] == 0 && right[3] == 0)
    #expect(zip(right[4...9], right[5...10]).allSatisfy { $0 < $1 })
    let down = streak.applied(to: point, angle: 90)
    #expect(down.select(0, 0).select(1, 10).floats() == right)
    let diagonal = streak.applied(to: point, angle: 45).select(0, 0)
    #expect((0..<3).allSatisfy { diagonal.floats()[(10 - $0) * 21 + 10 - $0] > 0 })
  }

  @Test("a landscape of clouds reaches from 0 to 1, and is rougher for a slower decay")
  func plasma() {
    func roughness(_ decay: Double) -> Double {
      let map = PlasmaFractal.heights(height: 64, width: 64, decay: decay, draws())
      #expect(map.min().scalar == 0 && map.max().scalar == 1)
      return (map.narrow(2, 1, 63) - map.narrow(2, 0, 63)).absolute.mean().scalar
    }
    let all = [3, 2, 1.5].map(roughness)
    #expect(all[0] < all[1] && all[1] < all[2], "\(all)")
  }

  @Test("more brightness keeps the hue and the saturation of a colour")
  func brightness() {
    let x = Tensor([0.4, 0.2, 0.1, 0, 0, 0] as [Float], shape: [2, 3, 1]).permuted([1, 0, 2])
    let found = corrupt(x, .brightness, 5).permuted([1, 0, 2]).floats()
    #expect(zip(found, [0.7, 0.35, 0.175, 0.3, 0.3, 0.3]).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test("fog keeps the brightest value in the range, and a black picture black")
  func fog() {
    let x = CorruptionTests.pictures(1, 3, 32, 32).select(0, 0)
    for severity in CorruptionRecipe.severities {
      let found = corrupt(x, .fog, severity)
      #expect(found.max().scalar <= x.max().scalar + 1e-6)
      #expect(corrupt(x * 0, .fog, severity).absolute.max().scalar == 0)
    }
  }

  @Test("an affine map moves the corners of a square to where they were sent")
  func corners() {
    let shifts = [1.5, -0.5, 2, 1, -1, 0.25]
    let map = AffineMap.movingCorners(height: 30, width: 30, by: shifts)
    // From a moved corner, the map leads back to the corner.
    for (place, corner) in [(25.0, 25.0), (25, 5), (5, 5)].enumerated() {
      let moved = (corner.0 + shifts[2 * place], corner.1 + shifts[2 * place + 1])
      let x = map.a * moved.0 + map.b * moved.1 + map.c
      let y = map.d * moved.0 + map.e * moved.1 + map.f
      #expect(abs(x - corner.0) < 1e-9 && abs(y - corner.1) < 1e-9)
    }
  }

  @Test("the mean corruption error is the mean over kinds of the ratios of summed errors")
  func meanError() throws {
    let own: [CorruptionKind: [Double]] = [.fog: [0.1, 0.3], .snow: [0.5, 0.5]]
    let other: [CorruptionKind: [Double]] = [.fog: [0.4, 0.4], .snow: [0.2, 0.6]]
    let mean = try #require(MeanCorruptionError.mean(own, baseline: other))
    #expect(abs(mean - (0.4 / 0.8 + 1.0 / 0.8) / 2) < 1e-12)
    #expect(try #require(MeanCorruptionError.mean(other, baseline: other)) == 1)
    #expect(MeanCorruptionError.mean(own, baseline: [.fog: [1, 1]]) == nil)
    #expect(MeanCorruptionError.mean([:], baseline: [:]) == nil)
    #expect(MeanCorruptionError.corruptionError([0.1], baseline: [0]) == nil)
    #expect(MeanCorruptionError.corruptionError([0.1], baseline: [0.1, 0.2]) == nil)
  }
}
