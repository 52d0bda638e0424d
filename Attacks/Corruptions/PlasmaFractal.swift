import ModelCore

/// A random landscape of clouds by the diamond-square algorithm (Fournier, Fussell and Carpenter,
/// 1982), which repeats at its edges.
enum PlasmaFractal {
  /// Heights from 0 to 1, `[1, height, width]`.
  ///
  /// The landscape has the side of the smallest power of two that is not smaller than the picture.
  /// Each step halves the distance of known points: a new point is the mean of its four neighbours
  /// and a random number, whose range becomes smaller by the square of `decay` with each step.
  static func heights(height: Int, width: Int, decay: Double, _ draws: ExampleDraws) -> Tensor {
    var side = 2
    while side < max(height, width) { side *= 2 }
    var map = [Double](repeating: 0, count: side * side)
    var step = side
    var range = 1.0
    while step >= 2 {
      let half = step / 2
      let own = draws.purpose("step \(step)")
      let numbers = own.uniformOfOne([3, (side / step) * (side / step)], in: -1..<1).floats()
      var next = 0
      /// Sets the points that lie `down` and `right` of the corners of squares to the means of four
      /// neighbours at some offsets.
      func fill(_ down: Int, _ right: Int, _ neighbours: [(Int, Int)]) {
        for row in stride(from: down, to: side, by: step) {
          for column in stride(from: right, to: side, by: step) {
            let sum = neighbours.reduce(0.0) { sum, offset in
              let y = (row + offset.0 + side) % side
              let x = (column + offset.1 + side) % side
              return sum + map[y * side + x]
            }
            map[row * side + column] = sum / 4 + range * Double(numbers[next])
            next += 1
          }
        }
      }
      let across = [(-half, 0), (half, 0), (0, -half), (0, half)]
      fill(half, half, [(-half, -half), (-half, half), (half, -half), (half, half)])
      fill(0, half, across)
      fill(half, 0, across)
      step = half
      range /= decay * decay
    }
    let (lowest, highest) = (map.min() ?? 0, map.max() ?? 0)
    let scale = highest > lowest ? 1 / (highest - lowest) : 0
    let heights = Tensor(map.map { Float(($0 - lowest) * scale) }, shape: [1, side, side])
    return heights.narrow(1, 0, height).narrow(2, 0, width)
  }
}
