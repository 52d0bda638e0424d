import Testing

@testable import Reports

@Suite("Contour lines")
struct ContourLinesTests {
  private func grid(_ size: Int, _ function: (Double, Double) -> Double) -> ContourLines {
    let values = (0..<size * size).map { function(Double($0 % size), Double($0 / size)) }
    return ContourLines(values, size: size)
  }

  @Test("the contour of a linear function is the exact straight line")
  func linear() {
    let segments = grid(9) { x, y in 2 * x - y }.segments(at: 3.5)
    #expect(!segments.isEmpty)
    for segment in segments {
      for point in [segment.from, segment.to] {
        #expect(abs(2 * point.x - point.y - 3.5) < 1e-12)
      }
    }
    let ends = segments.flatMap { [$0.from.y, $0.to.y] }
    #expect(ends.min() == 0 && ends.max() == 8)
  }

  @Test("the contour of a distance is a closed circle of that radius")
  func circle() {
    let segments = grid(41) { x, y in ((x - 20) * (x - 20) + (y - 20) * (y - 20)).squareRoot() }
      .segments(at: 12.3)
    var length = 0.0
    for segment in segments {
      for point in [segment.from, segment.to] {
        let radius = ((point.x - 20) * (point.x - 20) + (point.y - 20) * (point.y - 20))
          .squareRoot()
        #expect(abs(radius - 12.3) < 0.02)
      }
      let (dx, dy) = (segment.to.x - segment.from.x, segment.to.y - segment.from.y)
      length += (dx * dx + dy * dy).squareRoot()
      // A closed line has two segments at each point.
      let meeting = segments.flatMap { [$0.from, $0.to] }.count { point in
        abs(point.x - segment.from.x) + abs(point.y - segment.from.y) < 1e-9
      }
      #expect(meeting == 2)
    }
    #expect(abs(length - 2 * Double.pi * 12.3) < 0.2)
  }

  @Test("a saddle has two lines, and its middle decides which corners they cut off")
  func saddle() {
    let high = ContourLines([1, -1, -1, 2], size: 2).segments(at: 0)
    let points = high.flatMap { [$0.from.x, $0.from.y, $0.to.x, $0.to.y] }
    let expected = [0.5, 0, 1, 1.0 / 3, 1.0 / 3, 1, 0, 0.5]
    #expect(points.count == 8 && zip(points, expected).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(ContourLines([1, -1, -1, 0.5], size: 2).segments(at: 0).count == 2)
  }

  @Test("the pieces of a line are joined: one closed line for a circle, one for each branch")
  func joined() throws {
    let circle = grid(41) { x, y in ((x - 20) * (x - 20) + (y - 20) * (y - 20)).squareRoot() }
    let lines = circle.lines(at: 12.3)
    let line = try #require(lines.first)
    #expect(lines.count == 1 && line.count == circle.segments(at: 12.3).count + 1)
    #expect(
      abs(line[0].x - line[line.count - 1].x) + abs(line[0].y - line[line.count - 1].y) < 1e-9)
    let stripes = grid(9) { x, y in (x - 4) * (x - 4) + 0 * y }.lines(at: 2.5)
    #expect(stripes.map(\.count) == [9, 9])
    #expect(
      grid(9) { x, _ in x }.path(at: 2.5, scale: 10, corner: .init(x: 0, y: 0)).hasPrefix("M30 "))
  }

  @Test("there is no line at a value that the function does not take, or at numbers that are NaN")
  func nothing() {
    #expect(grid(5) { x, _ in x }.segments(at: 7).isEmpty)
    #expect(ContourLines([0, 1, .nan, 1], size: 2).segments(at: 0.5).isEmpty)
    #expect(ContourLines([3], size: 1).segments(at: 0).isEmpty)
  }
}
