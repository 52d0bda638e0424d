/// The assignment of rows to different columns with the smallest sum of costs, by the Hungarian
/// method in O(rows²·columns).
///
/// Source: H. Kuhn (1955), in the form of shortest augmenting paths of R. Jonker and A. Volgenant
/// (1987).
/// - Parameter cost: `cost[row][column]`, with at least as many columns as rows.
/// - Returns: the column of each row.
func cheapestAssignment(_ cost: [[Int]]) -> [Int] {
  let columns = cost.first?.count ?? 0
  precondition(cost.count <= columns, "\(cost.count) rows, but only \(columns) columns")
  // Prices of rows and columns, with which no entry has a negative reduced cost
  // cost[row][column] − ofRow[row] − ofColumn[column], and assigned entries have none.
  var ofRow = [Int](repeating: 0, count: cost.count)
  var ofColumn = [Int](repeating: 0, count: columns)
  var owner = [Int?](repeating: nil, count: columns)
  for start in cost.indices {
    // Dijkstra's search for the cheapest way from the new row to a free column.
    var distance = [Int](repeating: .max, count: columns)
    var before = [Int?](repeating: nil, count: columns)
    var isDone = [Bool](repeating: false, count: columns)
    var (row, last, travelled) = (start, Int?.none, 0)
    while true {
      for column in 0..<columns where !isDone[column] {
        let length = travelled + cost[row][column] - ofRow[row] - ofColumn[column]
        if length < distance[column] { (distance[column], before[column]) = (length, last) }
      }
      let next = (0..<columns).filter { !isDone[$0] }.min { distance[$0] < distance[$1] }
      guard let next else { preconditionFailure("no free column") }
      (isDone[next], travelled, last) = (true, distance[next], next)
      guard let taken = owner[next] else { break }
      row = taken
    }
    ofRow[start] += travelled
    for column in 0..<columns where isDone[column] && column != last {
      let reach = travelled - distance[column]
      ofColumn[column] -= reach
      if let taken = owner[column] { ofRow[taken] += reach }
    }
    while let column = last {
      last = before[column]
      owner[column] = last.flatMap { owner[$0] } ?? start
    }
  }
  var chosen = [Int](repeating: 0, count: cost.count)
  for (column, row) in owner.enumerated() { if let row { chosen[row] = column } }
  return chosen
}
