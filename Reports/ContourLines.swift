/// The lines on which a function over a square grid has a given value, by marching squares: in each
/// cell between four neighbouring places, a line joins the points of the sides at which the function,
/// interpolated linearly between the corners, has the value.
///
/// Where two opposite corners lie above the value and the other two below it, the mean of the corners
/// decides which of them the lines separate.
struct ContourLines {
  private let values: [Double]
  private let size: Int

  /// - Parameters:
  ///   - values: the function at the places (i, j), at the index i + size·j. The second coordinate
  ///     grows upwards. Cells with a value that is not finite have no line.
  ///   - size: the number of places along each side.
  init(_ values: [Double], size: Int) {
    precondition(values.count == size * size)
    self.values = values
    self.size = size
  }

  /// A straight piece of a line, in places: (0, 0) is the middle of the first place.
  struct Segment {
    let from: (x: Double, y: Double)
    let to: (x: Double, y: Double)
  }

  /// All pieces of the lines at a value.
  func segments(at level: Double) -> [Segment] {
    guard size >= 2 else { return [] }
    return (0..<size - 1).flatMap { j in (0..<size - 1).flatMap { i in cell(i, j, level) } }
  }

  /// The lines at a value as an SVG path; empty if there are none. The vertical axis of a picture
  /// points down.
  /// - Parameters:
  ///   - scale: the side of a place.
  ///   - corner: the upper left corner of the grid.
  func path(at level: Double, scale: Double, corner: SVG.Point) -> String {
    func text(_ point: (x: Double, y: Double)) -> String {
      let x = corner.x + (point.x + 0.5) * scale
      let y = corner.y + (Double(size) - 0.5 - point.y) * scale
      return "\(hundredths(x)) \(hundredths(y))"
    }
    return lines(at: level).map { "M" + $0.map(text).joined(separator: "L") }.joined()
  }

  /// The pieces of the lines at a value, joined where they meet. A closed line ends where it begins.
  func lines(at level: Double) -> [[(x: Double, y: Double)]] {
    /// A point, so nearly exact that the points at which two cells meet are the same.
    struct Place: Hashable {
      let x: Int
      let y: Int
      init(_ point: (x: Double, y: Double)) {
        (x, y) = (Int((point.x * 1e6).rounded()), Int((point.y * 1e6).rounded()))
      }
    }
    let pieces = segments(at: level)
    var open: [Place: [Int]] = [:]
    for (number, piece) in pieces.enumerated() {
      open[Place(piece.from), default: []].append(number)
      open[Place(piece.to), default: []].append(number)
    }
    var isUsed = [Bool](repeating: false, count: pieces.count)
    /// Goes on from the end of a line, piece by piece, until no piece is left.
    func extend(_ line: inout [(x: Double, y: Double)]) {
      while let end = line.last, let next = open[Place(end)]?.first(where: { !isUsed[$0] }) {
        isUsed[next] = true
        let piece = pieces[next]
        line.append(Place(piece.from) == Place(end) ? piece.to : piece.from)
      }
    }
    return pieces.indices.compactMap { number in
      guard !isUsed[number] else { return nil }
      isUsed[number] = true
      var line = [pieces[number].from, pieces[number].to]
      extend(&line)
      line.reverse()
      extend(&line)
      return line
    }
  }

  private func cell(_ i: Int, _ j: Int, _ level: Double) -> [Segment] {
    // The corners and the sides in the same order: side k joins the corners k and k + 1.
    let places = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]
    let heights = places.map { values[$0.0 + size * $0.1] - level }
    guard heights.allSatisfy(\.isFinite) else { return [] }
    let isAbove = heights.map { $0 > 0 }
    let crossed = (0..<4).filter { isAbove[$0] != isAbove[($0 + 1) % 4] }
    func point(_ side: Int) -> (x: Double, y: Double) {
      let (a, b) = (side, (side + 1) % 4)
      let share = heights[a] / (heights[a] - heights[b])
      return (
        Double(places[a].0) + share * Double(places[b].0 - places[a].0),
        Double(places[a].1) + share * Double(places[b].1 - places[a].1)
      )
    }
    switch crossed.count {
    case 2: return [Segment(from: point(crossed[0]), to: point(crossed[1]))]
    case 4:
      // The lines cut off the two corners that are not on the side of the middle.
      let isMiddleAbove = heights.reduce(0, +) > 0
      let cut = (0..<4).filter { isAbove[$0] != isMiddleAbove }
      return cut.map { Segment(from: point(($0 + 3) % 4), to: point($0)) }
    default: return []
    }
  }
}
