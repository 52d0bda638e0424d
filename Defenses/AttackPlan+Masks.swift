import Attacks
import Datasets
import Support

extension AttackPlan {
  /// Checks that data have the masks that limit this plan, of 0 and 1 alone.
  /// - Throws: `Failure.badData`, which names the data, or the first example with another value.
  public func checkMasks(of data: LabelledImages) throws {
    try mask?.checkMasks(of: data, for: name, "attack")
  }
}

extension MaskLimit {
  /// Checks that data have masks, of 0 and 1 alone.
  /// - Parameters:
  ///   - name: the name of the plan that is limited by them.
  ///   - kind: what the plan is about: attack or certificate.
  /// - Throws: `Failure.badData`, which names the data, or the first example with another value.
  public func checkMasks(of data: LabelledImages, for name: String, _ kind: String) throws {
    guard data.hasMasks else {
      throw Failure.badData(
        "\(name): mask: \(rawValue): \(data.name) has no masks, and the \(kind) needs one for "
          + "every example",
        hint: "leave out the setting 'mask', or add masks to the data: 1 where a feature must not "
          + "matter, 0 elsewhere")
    }
    for first in stride(from: 0, to: data.count, by: Self.examplesAtOnce) {
      let range = first..<min(data.count, first + Self.examplesAtOnce)
      guard let masks = data.annotations[range].masks?.flattened else { continue }
      let between = masks.equals(0).or(masks.equals(1)).inverted
      guard let example = between.any([1]).nonzero.int64s().first.map(Int.init) else { continue }
      let value = masks.select(0, example).floats().first { $0 != 0 && $0 != 1 } ?? 0
      throw Failure.badData(
        "\(name): mask: \(rawValue): expected masks of 0 and 1, found \(value) in the mask of "
          + "example \(range.lowerBound + example) of \(data.name)",
        hint: "round the masks: an attack may either change a feature or not")
    }
  }

  /// The number of examples whose masks are checked at once.
  private static let examplesAtOnce = 256
}
