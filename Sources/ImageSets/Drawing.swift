import Evaluation
import ModelCore
import Support

extension Tensor {
  /// Whether these are images that can be drawn: `[N, C, H, W]` with one or three channels. Rows of
  /// a table, `[N, D]`, cannot.
  package var canBeDrawn: Bool { rank == 4 && [1, 3].contains(shape[1]) }

  /// Refuses what cannot be drawn.
  /// - Parameter name: what the message calls these, in the plural.
  /// - Throws: `Failure.badData`.
  package func checkCanBeDrawn(_ name: String) throws {
    if rank == 2 {
      throw Failure.badData(
        "\(name) are rows of \(shape[1]) features, and only images can be drawn as pictures")
    }
    guard canBeDrawn else {
      throw Failure.badData(
        "\(name) have the shape \(shape.map(String.init).joined(separator: "x")), and only images "
          + "with one or three channels can be drawn as pictures")
    }
  }
}

extension ExampleSet {
  /// Refuses examples that cannot be written as pictures.
  /// - Throws: `Failure.badData` for rows of a table, and for images with other than one or three
  ///   channels.
  public func checkCanBeDrawn() throws {
    try original.checkCanBeDrawn("the examples of \(origin.attack) on \(origin.source)")
  }
}

/// A number with zeros before it, so that the names of files sort as the numbers do.
/// - Parameter largest: the largest of these numbers.
func padded(_ number: Int, to largest: Int = 99_999) -> String {
  let digits = "\(largest)".count
  return String(repeating: "0", count: max(0, digits - "\(number)".count)) + "\(number)"
}
