import Foundation
import ModelCore
import Support

extension LimeNeighbours {
  /// Neighbours of a row of a table whose features are drawn independently: a quartile bin by the
  /// bins' shares in the data, and a value of the bin from the normal distribution that is cut off at
  /// the bin's ends. The interpretable feature is 1 where the bin is that of the example.
  /// - Parameter row: `[1, D]`.
  init(bins row: Tensor, samples: Int, _ draws: ExampleDraws, _ background: Background) {
    let own = row.to(.cpu).reshaped([-1]).floats()
    let size = own.count
    let choices = draws.purpose("bins").uniform([samples - 1, size]).floats()
    let quantiles = draws.purpose("values").uniform([samples - 1, size]).floats()
    var values = [Float](repeating: 0, count: samples * size)
    var features = [Float](repeating: 1, count: samples * size)
    values.withUnsafeMutableBufferPointer { values in
      features.withUnsafeMutableBufferPointer { features in
        for (feature, bins) in background.bins.enumerated() {
          let home = bins.bin(Double(own[feature]))
          values[feature] = own[feature]
          for sample in 1..<samples {
            let drawn = (sample - 1) * size + feature
            let bin = bins.drawn(Double(choices[drawn]))
            values[sample * size + feature] = Float(
              bins.value(in: bin, at: Double(quantiles[drawn])))
            features[sample * size + feature] = bin == home ? 1 : 0
          }
        }
      }
    }
    self.init(
      rows: Tensor(values, shape: [samples, size]),
      features: Tensor(features, shape: [samples, size]))
  }

  /// Neighbours of a row of a table whose features are drawn independently from the normal
  /// distribution with their mean and deviation in the data. The interpretable features are the
  /// standardised values.
  init(continuous row: Tensor, samples: Int, _ draws: ExampleDraws, _ background: Background) {
    guard let mean = background.mean, let deviation = background.deviation else {
      preconditionFailure("rows of a table have statistics")
    }
    let row = row.to(.cpu)
    let size = row.shape[1]
    let drawn = draws.purpose("values").normal([samples - 1, size]).reshaped([samples - 1, size])
    let rows = Tensor.concatenate([row, drawn * deviation + mean])
    self.init(rows: rows, features: (rows - mean) / deviation)
  }

  /// Neighbours with given inputs and interpretable features, both `[S, D]`. The distance is the
  /// Euclidean one of the features, and the width 0.75·√D.
  init(rows: Tensor, features: Tensor) {
    let own = features.narrow(0, 0, 1)
    self.init(
      features: features, distances: (features - own).square.sum([1]).squareRoot,
      defaultWidth: 0.75 * Double(rows.shape[1]).squareRoot()
    ) {
      rows.narrow(0, $0.lowerBound, $0.count)
    } spread: {
      Tensor($0.map(Float.init), shape: [1, $0.count])
    }
  }
}

extension QuartileBins {
  /// The bin at a quantile u in [0, 1) of the distribution of the bins.
  func drawn(_ u: Double) -> Int {
    var sum = 0.0
    for (bin, share) in shares.enumerated() {
      sum += share
      if u < sum { return bin }
    }
    return shares.lastIndex { $0 > 0 } ?? 0
  }
}
