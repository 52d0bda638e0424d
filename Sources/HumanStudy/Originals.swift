import Datasets
import Evaluation
import ImageSets
import ModelCore
import Support

/// An unchanged image, as it was before any attack.
struct Original {
  /// The image's place in the data set.
  let index: Int
  let label: Int
  let picture: Picture

  /// The unchanged images that the examples are made of, each once, in the order of the data set.
  static func all(_ sets: [ExampleSet]) -> [Original] {
    var found: [Int: Original] = [:]
    for set in sets {
      let bytes = Quantization.bytes(set.original, range: set.origin.valueRange)
      let shape = InputShape(ofBatch: bytes.shape)
      for (row, (index, label)) in zip(set.index.int64s(), set.label.int64s()).enumerated()
      where found[Int(index)] == nil {
        found[Int(index)] = Original(
          index: Int(index), label: Int(label),
          picture: Picture(shape: shape, pixels: bytes.select(0, row).bytes()))
      }
    }
    return found.values.sorted { $0.index < $1.index }
  }

  /// Divides unchanged images into checks and practice pictures, each in random order.
  ///
  /// Images that no candidate of the study is made of come first, so that nobody sees an image both
  /// unchanged and attacked. Other images are used if there are too few of these.
  /// - Parameter attacked: the places in the data set of the images that candidates are made of.
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
