import Foundation
import ModelCore
import Support
import TestSupport

@testable import Datasets

/// A folder with files under MNIST's names, of pictures of 28 x 28 random bytes.
struct FakeMNIST {
  let folder = TemporaryFolder()
  let folders: DataFolders
  /// The pixels of each split, one array for each picture.
  private(set) var pixels: [Split: [[UInt8]]] = [:]
  private(set) var labels: [Split: [Int64]] = [:]

  init(train: Int, test: Int) throws {
    folders = DataFolders(environment: [
      "CROSSFIRE_DATA": folder.url.path, "XDG_CACHE_HOME": "/no/cache",
    ])
    let random = RandomSource(Seed(7))
    for (split, count) in [(Split.train, train), (.test, test)] {
      let images = random.integers(below: 256, [count, 784]).to(.uint8).bytes()
      let digits = random.integers(below: 10, [count]).int64s()
      pixels[split] = (0..<count).map { Array(images[$0 * 784..<($0 + 1) * 784]) }
      labels[split] = digits
      let names = IDXFolder.fileNames(split)
      try folder.write(
        bigEndian(0x803, UInt32(count), 28, 28) + images, to: "mnist/\(names.images)")
      try folder.write(idxLabels(digits.map { UInt8($0) }), to: "mnist/\(names.labels)")
    }
  }

  func load(_ reference: String, _ split: Split) throws -> LabelledImages {
    try DataReference(reference).load(split, folders: folders)
  }
}

/// Pearson's statistic of the independence of two numbers, the first from 0 to `kinds` − 1 and the
/// second from 0 to `columns` − 1, and of the equal frequency of all values of the second one.
func chiSquares(_ pairs: [(Int, Int)], kinds: Int, columns: Int? = nil) -> (
  independence: Double, uniformity: Double
) {
  let columns = columns ?? kinds
  var table = [[Double]](repeating: [Double](repeating: 0, count: columns), count: kinds)
  for (row, column) in pairs { table[row][column] += 1 }
  let total = Double(pairs.count)
  let rowSums = table.map { $0.reduce(0, +) }
  let columnSums = (0..<columns).map { column in table.reduce(0) { $0 + $1[column] } }
  var independence = 0.0
  for row in 0..<kinds {
    for column in 0..<columns {
      let expected = rowSums[row] * columnSums[column] / total
      let distance = table[row][column] - expected
      independence += distance * distance / expected
    }
  }
  return (independence, chiSquare(columnSums))
}

/// Pearson's statistic of the equal frequency of several values.
func chiSquare(_ counts: [Double]) -> Double {
  let expected = counts.reduce(0, +) / Double(counts.count)
  return counts.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected }
}

/// The number that a chi-square statistic of as many degrees of freedom exceeds only by four of its
/// standard deviations.
func largestChiSquare(freedom: Int) -> Double {
  Double(freedom) + 4 * (2 * Double(freedom)).squareRoot()
}
