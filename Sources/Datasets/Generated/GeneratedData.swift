import Foundation
import ModelCore
import Support

/// A data set with a name that is computed when it is loaded, out of random numbers from a fixed
/// seed and, for some, out of another data set.
///
/// The same split with the same options is the same on every machine. To add one, write its type
/// and add its entry to `DatasetCatalog.all`.
public protocol GeneratedData: Sendable {
  /// The entry in the catalog.
  static var entry: DatasetEntry { get }

  /// Reads the options that the data set has. The caller refuses all others.
  /// - Throws: `Failure.badData` with the place of an option that cannot be read.
  init(_ options: Settings) throws

  /// Computes a split that the entry has.
  /// - Parameters:
  ///   - name: the name of the images in results and error messages.
  ///   - folder: the folder with the entry's files; any folder if it has none.
  func load(_ split: Split, name: String, from folder: URL) throws -> LabelledImages

  /// Whether a folder has the files from which a split is computed.
  static func isPresent(_ split: Split, in folder: URL) -> Bool

  /// The files in a folder from which a split is computed.
  static func files(of split: Split, in folder: URL) -> [URL]
}

extension GeneratedData {
  static func isPresent(_ split: Split, in folder: URL) -> Bool { true }

  static func files(of split: Split, in folder: URL) -> [URL] { [] }

  /// The draws of some examples of a part of the data set, which do not depend on which other
  /// examples there are.
  static func draws(_ part: String, examples: some Sequence<Int>) -> ExampleDraws {
    ExampleDraws(seed(part), examples: Array(examples))
  }

  /// The numbers 0..<`count` in an order that is drawn at random.
  static func randomOrder(_ part: String, count: Int) -> [Int] {
    let keys = draws(part, examples: 0..<count).uniform().floats()
    return (0..<count).sorted { (keys[$0], $0) < (keys[$1], $1) }
  }

  /// A standard normal number out of two uniform ones in [0, 1), by Box and Muller's formula. It is
  /// computed in 64 bits, so that all machines round it to the same 32-bit number.
  static func normal(_ first: Double, _ second: Double) -> Double {
    (-2 * log(1 - first)).squareRoot() * cos(2 * Double.pi * second)
  }

  /// The seed of a part of the data set: it derives from the seed 0 by the data set's name and the
  /// part's.
  private static func seed(_ part: String) -> Seed { Seed(0).derive(entry.name).derive(part) }
}
