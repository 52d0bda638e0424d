/// The answers of a study as a table of participants and images, as `LaplaceNewton` reads them.
///
/// Newton's step eliminates the columns' part of a matrix, which falls into small blocks, and
/// factorizes a dense matrix of the rows. So the factor with fewer random effects takes the rows,
/// be it participants or images.
struct Crossing {
  /// Equal answers, gathered.
  struct Cell {
    let row: Int
    let condition: Int
    let trials: Double
    let successes: Double
  }

  let rows: Int
  let columns: Int
  let rowEffect: RandomEffect
  let columnEffect: RandomEffect
  /// Whether rows are images.
  private let isSwapped: Bool
  /// The cells of each column, one after the other, sorted by rows.
  let cells: [[Cell]]

  init(
    _ cells: [MixedLogisticModel.Cell], _ participants: RandomEffect, _ images: RandomEffect
  ) {
    let people = Self.numbers(cells.map(\.participant))
    let pictures = Self.numbers(cells.map(\.image))
    isSwapped = people.count * participants.dimension > pictures.count * images.dimension
    rows = isSwapped ? pictures.count : people.count
    columns = isSwapped ? people.count : pictures.count
    rowEffect = isSwapped ? images : participants
    columnEffect = isSwapped ? participants : images
    var counts = [[SIMD2<Int>: SIMD2<Int>]](repeating: [:], count: columns)
    for cell in cells {
      let (a, b) = (people[cell.participant]!, pictures[cell.image]!)
      counts[isSwapped ? a : b][[isSwapped ? b : a, cell.condition], default: .zero] &+= [
        cell.trials, cell.successes,
      ]
    }
    self.cells = counts.map { column in
      column.sorted { ($0.key.x, $0.key.y) < ($1.key.x, $1.key.y) }.map { key, count in
        Cell(
          row: key.x, condition: key.y, trials: Double(count.x), successes: Double(count.y))
      }
    }
  }

  private static func numbers(_ keys: [Int]) -> [Int: Int] {
    Dictionary(uniqueKeysWithValues: Set(keys).sorted().enumerated().map { ($1, $0) })
  }

  /// What belongs to participants and to images, as what belongs to rows and to columns.
  func sorted<Value>(_ participants: Value, _ images: Value) -> (rows: Value, columns: Value) {
    isSwapped ? (images, participants) : (participants, images)
  }
}
