import ModelCore

// The views that change blocks of the images divide them at random places. All images of a step
// share the places, so that they do not depend on the batch.

extension ExampleDraws {
  /// A division of `length` pixels into at most `count` parts, none of them empty, at random places
  /// that all examples share.
  func sharedParts(of length: Int, _ count: Int) -> [Range<Int>] {
    let inner = sharedChoice(min(count, length) - 1, of: length - 1).map { $0 + 1 }
    let cuts = [0] + inner.sorted() + [length]
    return zip(cuts, cuts.dropFirst()).map { $0..<$1 }
  }

  /// Some of the numbers 0..<`count`, each at most once, in a random order that all examples share.
  func sharedChoice(_ chosen: Int, of count: Int) -> [Int] {
    // Fisher and Yates: each place in turn gets one of the numbers that are left.
    var numbers = Array(0..<count)
    for place in 0..<chosen {
      let next = purpose("place \(place)").sharedInteger(below: count - place)
      numbers.swapAt(place, place + next)
    }
    return Array(numbers.prefix(chosen))
  }
}

extension Tensor {
  /// The block of pictures `[N, C, H, W]` with these rows and columns: `[N, C, rows, columns]`.
  func block(_ rows: Range<Int>, _ columns: Range<Int>) -> Tensor {
    narrow(2, rows.lowerBound, rows.count).narrow(3, columns.lowerBound, columns.count)
  }

  /// Pictures put together from rows of blocks.
  static func fromBlocks(_ rows: [[Tensor]]) -> Tensor {
    concatenate(rows.map { concatenate($0, along: 3) }, along: 2)
  }
}
