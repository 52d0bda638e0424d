import Foundation
import ModelCore
import Support
import Testing

@testable import Datasets

@Suite("White squares")
struct WhiteSquaresTests {
  /// What one picture shows, measured from its pixels.
  private struct Square {
    let side: Double
    let background: Double
    let center: (x: Double, y: Double)
  }

  /// The background is the smallest pixel. A pixel of which the square covers the share s has the value
  /// b + (1 − b)·s, so that the shares add up to the area.
  private func measure(_ data: LabelledImages, _ count: Int) -> [Square] {
    let pixels = data.batch(0..<count).images.floats().map(Double.init)
    return (0..<count).map { index in
      let own = Array(pixels[index * 256..<(index + 1) * 256])
      let background = own.min() ?? 0
      let shares = own.map { ($0 - background) / (1 - background) }
      let area = shares.reduce(0, +)
      let x = shares.enumerated().reduce(0) { $0 + (Double($1.offset % 16) + 0.5) * $1.element }
      let y = shares.enumerated().reduce(0) { $0 + (Double($1.offset / 16) + 0.5) * $1.element }
      return Square(
        side: area.squareRoot(), background: background, center: (x / area, y / area))
    }
  }

  private func isLarge(_ square: Square) -> Bool? {
    if (2.99...5.01).contains(square.side) { return false }
    return (5.99...8.01).contains(square.side) ? true : nil
  }

  private func isLight(_ square: Square) -> Bool? {
    if (-0.001...0.401).contains(square.background) { return false }
    return (0.499...0.901).contains(square.background) ? true : nil
  }

  @Test("in training, size and background both tell the class, and squares are near the middle")
  func training() throws {
    let data = try DataReference("white-squares").load(.train)
    #expect(data.count == 10_000 && data.shape == InputShape(channels: 1, height: 16, width: 16))
    for (square, label) in zip(measure(data, 1000), data.labels.int64s()) {
      #expect(isLarge(square) == (label == 1) && isLight(square) == (label == 1))
      for place in [square.center.x, square.center.y] {
        #expect(abs(place - 8) < 1.01)
      }
    }
  }

  @Test("the groups of the test set follow one rule each, and the other factor is independent")
  func groups() throws {
    let data = try DataReference("white-squares").load(.test)
    #expect(data.count == 6000 && data.groupNames == ["confounded", "by size", "by background"])
    let groups = try #require(data.annotations.groups).int64s()
    #expect(groups == (0..<6000).map { Int64($0 / 2000) })
    let squares = measure(data, 6000)
    let labels = data.labels.int64s()
    var others = [0, 0]
    for (index, square) in squares.enumerated() {
      let (large, light) = (isLarge(square) == true, isLight(square) == true)
      let label = labels[index] == 1
      if groups[index] != 2 { #expect(large == label) }
      if groups[index] != 1 { #expect(light == label) }
      if groups[index] == 1, light == label { others[0] += 1 }
      if groups[index] == 2, large == label { others[1] += 1 }
    }
    // Half of 2,000, with a standard deviation of 22.
    for agreeing in others { #expect(abs(agreeing - 1000) < 90) }
  }

  @Test("with factors=free, the class is the size, and the background is independent of it")
  func free() throws {
    let data = try DataReference("white-squares:factors=free").load(.train)
    var agreeing = 0
    for (square, label) in zip(measure(data, 2000), data.labels.int64s()) {
      #expect(isLarge(square) == (label == 1))
      if isLight(square) == (label == 1) { agreeing += 1 }
    }
    #expect(abs(agreeing - 1000) < 90)
    #expect(throws: Failure.self) { try DataReference("white-squares:factors=some").load(.train) }
  }

  @Test("the checks of the data pass")
  func checks() throws {
    #expect(try DataReference("white-squares").check().passed)
    #expect(try DataReference("gaussians-2d").check().passed)
  }
}
