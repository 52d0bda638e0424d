import Foundation
import ModelCore
import Support

/// The results of a finished run, read from its folder to be compared with those of another run.
public struct StoredRun: Sendable {
  /// The run folder.
  public let folder: URL
  public let grid: Grid

  /// - Throws: `Failure` if the folder has no `grid.json`, or if it is damaged.
  public init(_ folder: URL) throws {
    self.folder = folder
    grid = try Grid.read(folder.appending(path: "grid.json"))
  }

  /// The stored predictions of an attack on a source model.
  /// - Throws: `Failure` if they are missing or damaged, or if `grid.json` was not computed from them.
  func result(of attack: String, from source: String) throws -> TransferResult {
    let file = RunFolder(looking: folder).predictions(attack: attack, source: source)
    let result = try PredictionFile.read(file).result
    let cells = grid.cells.filter { $0.attack == attack && $0.source == source }
    guard result.cells().map(Count.init) == cells.map(Count.init) else {
      throw Failure.badData(
        "\(file.path) has other predictions than those that grid.json was computed from",
        hint: "finish the run with 'crossfire run', or keep the folder of a finished run as it is")
    }
    return result
  }

  /// What both the predictions and the grid say about a cell.
  private struct Count: Equatable {
    let place: String
    let examples: Int
    let correct: Int

    init(_ cell: GridCell) {
      place = cell.name
      examples = cell.examples
      correct = cell.correct
    }
  }
}

extension TransferResult {
  /// What two results of the same attack and source must have in common to be compared example by
  /// example; nil if they have it, and otherwise what differs.
  func difference(from other: TransferResult) -> String? {
    guard examplesPerImage == other.examplesPerImage, labels.count == other.labels.count,
      labels.int64s() == other.labels.int64s(), index?.int64s() == other.index?.int64s()
    else { return "the runs attacked other images with it" }
    guard epsilons == other.epsilons else { return "its budgets differ" }
    guard targets.int64s() == other.targets.int64s() else { return "its target classes differ" }
    return nil
  }
}
