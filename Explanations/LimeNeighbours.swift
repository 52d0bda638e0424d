import Foundation
import ModelCore
import Support

/// The neighbours of an example from which LIME fits its linear model. The first one is the example
/// itself.
struct LimeNeighbours {
  /// The interpretable features of each neighbour, float32 `[S, F]`.
  let features: Tensor
  /// The distance of each neighbour from the example, float32 `[S]`.
  let distances: Tensor
  /// The width of the kernel, unless a setting says another one.
  let defaultWidth: Double
  /// The inputs of some of the neighbours, `[s, …]`.
  let inputs: (Range<Int>) -> Tensor
  /// The coefficients of the F features as contributions of the example's values, float32 `[D]` or
  /// `[C, H, W]` with a first dimension of 1.
  let spread: ([Double]) -> Tensor

  var count: Int { features.shape[0] }

  init(
    features: Tensor, distances: Tensor, defaultWidth: Double,
    inputs: @escaping (Range<Int>) -> Tensor, spread: @escaping ([Double]) -> Tensor
  ) {
    self.features = features
    self.distances = distances
    self.defaultWidth = defaultWidth
    self.inputs = inputs
    self.spread = spread
  }

  /// The distance 1 − cos(z_i, z₀) of each row z_i from the first one, for features of 0 and 1 of
  /// which the first row has only ones: 1 − √(share of ones). A row of zeros has the distance 1.
  static func cosineDistances(_ features: Tensor) -> Tensor {
    1 - features.mean([1]).squareRoot
  }
}

// MARK: - Pictures

extension LimeNeighbours {
  /// Neighbours of a picture, in which each patch of a regular grid is kept with probability ½ and
  /// otherwise replaced.
  /// - Parameters:
  ///   - image: `[1, C, H, W]`.
  ///   - fill: what takes the place of a removed patch, in the image's shape; nil for its mean colour.
  init(
    patches image: Tensor, perSide: Int, fill: Tensor?, samples: Int, _ draws: ExampleDraws
  ) {
    let image = image.to(.cpu)
    let (height, width) = (image.shape[2], image.shape[3])
    self.init(
      image: image, segments: Self.grid(height: height, width: width, perSide: perSide),
      fill: fill, samples: samples, draws)
  }

  /// Neighbours of a picture, in which each superpixel is kept with probability ½ and otherwise
  /// replaced.
  /// - Parameters:
  ///   - image: `[1, C, H, W]`.
  ///   - fill: as for patches.
  init(
    superpixels image: Tensor, in range: ClosedRange<Double>, wanted: Int, compactness: Double,
    fill: Tensor?, samples: Int, _ draws: ExampleDraws
  ) {
    let image = image.to(.cpu)
    let found = Superpixels(image, in: range, wanted: wanted, compactness: compactness)
    self.init(image: image, segments: found.segments, fill: fill, samples: samples, draws)
  }

  private init(
    image: Tensor, segments: [Int], fill: Tensor?, samples: Int, _ draws: ExampleDraws
  ) {
    // segments [H·W], the segment of each pixel; features [S, F]
    let count = (segments.max() ?? 0) + 1
    let kept = draws.purpose("patches").integers(below: 2, [samples - 1, count])
      .to(.float32).reshaped([samples - 1, count])
    self.init(
      image: image, segments: segments,
      fill: fill, features: Tensor.concatenate([Tensor.ones([1, count]), kept]))
  }

  /// Neighbours with given features.
  /// - Parameters:
  ///   - segments: the patch of each pixel, row by row, from 0.
  ///   - fill: what takes the place of a removed patch; nil for its mean colour.
  ///   - features: `[S, F]`, 1 where a patch is kept, and ones in the first row.
  init(image: Tensor, segments: [Int], fill: Tensor? = nil, features: Tensor) {
    let shape = image.shape
    let membership = Tensor(labels: segments).oneHot(classes: features.shape[1])
    let sizes = membership.sum([0])
    let planes = image.reshaped([shape[1], shape[2] * shape[3]])
    // What each pixel becomes: usually the mean colour of its patch, [1, C, H, W].
    let means =
      fill?.to(.cpu)
      ?? (planes.matmul(membership) / sizes).matmul(membership.transposed).reshaped(shape)
    self.init(
      features: features, distances: Self.cosineDistances(features), defaultWidth: 0.25
    ) { range in
      let rows = features.narrow(0, range.lowerBound, range.count)
      let kept = rows.matmul(membership.transposed).reshaped([range.count, 1, shape[2], shape[3]])
      return kept * image + (1 - kept) * means
    } spread: { coefficients in
      // A coefficient belongs to all values of its patch, which share it.
      let values = Tensor(coefficients.map(Float.init), shape: [coefficients.count]) / sizes
      let perPixel = values.indexSelect(0, Tensor(labels: segments)) / Double(shape[1])
      return perPixel.reshaped([1, 1, shape[2], shape[3]]).expanded(shape).contiguous
    }
  }

  /// The patch of each pixel of a picture that is divided into `perSide` rows and columns, as equal as
  /// whole pixels allow; a picture with fewer pixels along a side has as many as it has pixels.
  static func grid(height: Int, width: Int, perSide: Int) -> [Int] {
    let (rows, columns) = (min(perSide, height), min(perSide, width))
    return (0..<height).flatMap { y in
      (0..<width).map { x in y * rows / height * columns + x * columns / width }
    }
  }
}

// MARK: - Texts

extension LimeNeighbours {
  /// Neighbours of a text, in which some of its words are removed: their weights become 0. The number
  /// of removed words is uniform from 1 to all, and the words are drawn without replacement.
  /// - Parameter row: the weights of the words, `[1, D]`.
  init(words row: Tensor, samples: Int, _ draws: ExampleDraws) {
    // row [1, D]; words [F], their columns; features [S, F]
    let row = row.to(.cpu)
    let words = row.reshaped([-1]).nonzero.reshaped([-1])
    let count = words.count
    guard count > 0 else {
      // A text without words has no neighbours. One feature that is always present explains nothing.
      self.init(row: row, words: Tensor(labels: [0]), features: Tensor.ones([2, 1]))
      return
    }
    let keys = draws.purpose("words").uniform([samples - 1, count]).floats()
    let numbers = draws.purpose("removed").integers(below: count, [samples - 1]).int64s()
    var features = [Float](repeating: 1, count: samples * count)
    for sample in 1..<samples {
      let own = keys[(sample - 1) * count..<sample * count]
      let order = own.indices.sorted { own[$0] < own[$1] }
      for place in order.prefix(Int(numbers[sample - 1]) + 1) {
        features[sample * count + place - own.startIndex] = 0
      }
    }
    self.init(row: row, words: words, features: Tensor(features, shape: [samples, count]))
  }

  /// Neighbours with given features.
  /// - Parameters:
  ///   - words: the columns of the words, int64 `[F]`.
  ///   - features: `[S, F]`, 1 where a word is kept, and ones in the first row.
  init(row: Tensor, words: Tensor, features: Tensor) {
    let size = row.shape[1]
    let weights = row.reshaped([-1]).indexSelect(0, words)
    self.init(
      features: features, distances: Self.cosineDistances(features) * 100, defaultWidth: 25
    ) { range in
      let kept = features.narrow(0, range.lowerBound, range.count) * weights
      let columns = words.reshaped([1, -1]).expanded([range.count, words.count]).contiguous
      return Tensor.zeros([range.count, size]).scattering(1, columns, kept)
    } spread: { coefficients in
      let values = Tensor(coefficients.map(Float.init), shape: [1, coefficients.count])
      return Tensor.zeros([1, size]).scattering(1, words.reshaped([1, -1]), values)
    }
  }
}
