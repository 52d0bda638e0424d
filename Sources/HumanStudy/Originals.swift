import Datasets
import Evaluation
import ImageSets
import ModelCore
import Support

/// An image as it was before any attack.
struct Original {
  /// Its place in the data set.
  let index: Int
  let label: Int
  let picture: Picture

  /// The unchanged images of example sets, each once, in the data set's order.
  static func all(_ sets: [ExampleSet]) -> [Original] {
    var found: [Int: Original] = [:]
    for set in sets {
      let bytes = Quantization.bytes(set.original, range: set.origin.valueRange)
      let shape = InputShape(
        channels: bytes.shape[1], height: bytes.shape[2], width: bytes.shape[3])
      for (row, (index, label)) in zip(set.index.int64s(), set.label.int64s()).enumerated()
      where found[Int(index)] == nil {
        found[Int(index)] = Original(
          index: Int(index), label: Int(label),
          picture: Picture(shape: shape, pixels: bytes.select(0, row).bytes()))
      }
    }
    return found.values.sorted { $0.index < $1.index }
  }

  /// Which of them serve as checks, and which for practice.
  ///
  /// Preferred are images that no adversarial picture of the study is made of, so that nobody sees
  /// one of them changed after it was shown as it is; where there are not enough, the others
  /// follow. Both are in random order.
  static func shares(
    _ originals: [Original], attacked: Set<Int>, _ design: StudyDesign
  ) -> (checks: [Original], practice: [Original]) {
    let drawn = design.seed.derive("study originals").shuffled(originals)
    let ordered =
      drawn.filter { !attacked.contains($0.index) } + drawn.filter { attacked.contains($0.index) }
    let practice = Array(ordered.prefix(design.practice))
    let rest = ordered.dropFirst(design.practice)
    let untouched = rest.filter { !attacked.contains($0.index) }
    return (untouched.count >= design.checks ? untouched : Array(rest), practice)
  }
}
