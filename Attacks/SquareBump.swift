import ModelCore

/// A bump η, of length one: a pyramid in one half of a square, and a negative pyramid in the other
/// half.
///
/// Source: M. Andriushchenko et al. (2020), Eq. 2.
enum Bump {
  /// The bump `[side, side]`, upright or rotated by a quarter turn, each with the same probability.
  static func tensor(side: Int, _ draws: ExampleDraws) -> Tensor {
    let upper = pyramid(side / 2, side)
    let lower = pyramid(side - side / 2, side).map { -$0 }
    let values = upper + lower
    let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let bump = Tensor(values.map { Float($0 / length) }, shape: [side, side])
    return draws.purpose("turn").sharedUniform() < 0.5 ? bump : bump.transposed
  }

  /// A pyramid of rows × columns, of length one: the sum over r = 0, 1, … of 1/(r + 1)² on the
  /// rectangle of the pixels at most r rows and r columns from the middle.
  private static func pyramid(_ rows: Int, _ columns: Int) -> [Double] {
    var values = [Double](repeating: 0, count: rows * columns)
    let (middleRow, middleColumn) = (rows / 2, columns / 2)
    for ring in 0..<(max(rows, columns) / 2 + 1) {
      let weight = 1 / Double((ring + 1) * (ring + 1))
      for row in max(0, middleRow - ring)..<min(rows, middleRow + ring + 1) {
        for column in max(0, middleColumn - ring)..<min(columns, middleColumn + ring + 1) {
          values[row * columns + column] += weight
        }
      }
    }
    let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return length == 0 ? values : values.map { $0 / length }
  }
}
