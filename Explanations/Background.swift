import Foundation
import ModelCore
import Support

/// What the methods know about the data that an example comes from: the statistics of each feature
/// over the rows of a table. For pictures nothing is known.
public struct Background: Sendable {
  /// The mean of each feature, float32 `[D]`; nil for pictures.
  public let mean: Tensor?
  /// The standard deviation of each feature, float32 `[D]`, 1 for a feature that is constant; nil
  /// for pictures.
  public let deviation: Tensor?
  /// Whether at least nine tenths of all values are 0, as in the weights of words in texts.
  public let isSparse: Bool
  /// The quartile bins of each feature; empty for pictures and for sparse rows.
  public let bins: [QuartileBins]

  /// The background of pictures.
  public init() {
    mean = nil
    deviation = nil
    isSparse = false
    bins = []
  }

  /// The statistics of the rows of a table.
  /// - Parameter rows: float32 `[M, D]` with M ≥ 1.
  public init(rows: Tensor) {
    // rows [M, D]; mean, deviation [D]
    let exact = rows.to(.float64)
    let mean = exact.mean([0])
    let deviation = (exact - mean).square.mean([0]).squareRoot
    self.mean = mean.to(.float32)
    self.deviation = deviation.isGreater(than: 0).choose(
      deviation, else: Tensor.ones([], type: .float64)
    ).to(.float32)
    isSparse = rows.equals(0).to(.float64).mean().scalar >= 0.9
    guard !isSparse else {
      bins = []
      return
    }
    let columns = rows.transposed.contiguous.floats()
    let count = rows.shape[0]
    bins = (0..<rows.shape[1]).map {
      QuartileBins(columns[$0 * count..<($0 + 1) * count].map(Double.init))
    }
  }
}

/// The values of a feature, divided at their quartiles into at most four bins, with what is needed
/// to draw values from a bin.
public struct QuartileBins: Sendable, Equatable {
  /// The values between bins, ascending and each once. A value belongs to the first bin whose upper
  /// bound it does not exceed.
  public let bounds: [Double]
  /// The share of the values that each bin has.
  public let shares: [Double]
  /// The mean and the standard deviation of the values in each bin.
  public let means: [Double]
  public let deviations: [Double]
  /// The smallest and the largest value that is drawn from each bin.
  public let lows: [Double]
  public let highs: [Double]
  /// The shares of each bin's normal distribution below these two.
  private let lowShares: [Double]
  private let highShares: [Double]

  /// - Parameter values: the values of the feature, at least one.
  public init(_ values: [Double]) {
    let sorted = values.sorted()
    // The quantile at the place q·(n − 1), interpolated linearly as in NumPy.
    func quantile(_ q: Double) -> Double {
      let place = q * Double(sorted.count - 1)
      let (below, above) = (Int(place.rounded(.down)), Int(place.rounded(.up)))
      return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
    }
    let quartiles = [0.25, 0.5, 0.75].map(quantile)
    let bounds = quartiles.enumerated().filter { $0 == 0 || quartiles[$0 - 1] != $1 }.map(\.element)
    self.bounds = bounds
    var members = [[Double]](repeating: [], count: bounds.count + 1)
    for value in values { members[Self.bin(value, bounds)].append(value) }
    shares = members.map { Double($0.count) / Double(values.count) }
    let means = members.map { $0.isEmpty ? 0 : $0.reduce(0, +) / Double($0.count) }
    self.means = means
    let deviations = members.indices.map { bin in
      guard !members[bin].isEmpty else { return 0.0 }
      let squares = members[bin].reduce(0) { $0 + ($1 - means[bin]) * ($1 - means[bin]) }
      return (squares / Double(members[bin].count)).squareRoot()
    }
    self.deviations = deviations
    let (lows, highs) = ([sorted[0]] + bounds, bounds + [sorted[sorted.count - 1]])
    (self.lows, self.highs) = (lows, highs)
    func below(_ ends: [Double]) -> [Double] {
      ends.indices.map { bin in
        deviations[bin] > 0 ? normalDistribution((ends[bin] - means[bin]) / deviations[bin]) : 0
      }
    }
    lowShares = below(lows)
    highShares = below(highs)
  }

  /// The bin that a value belongs to.
  public func bin(_ value: Double) -> Int { Self.bin(value, bounds) }

  private static func bin(_ value: Double, _ bounds: [Double]) -> Int {
    bounds.firstIndex { value <= $0 } ?? bounds.count
  }

  /// The value of a bin at a quantile u in [0, 1) of the normal distribution with the bin's mean
  /// and deviation, cut off at the bin's ends.
  public func value(in bin: Int, at u: Double) -> Double {
    let (mean, deviation) = (means[bin], deviations[bin])
    guard deviation > 0 else { return mean }
    let (low, high) = (lowShares[bin], highShares[bin])
    let drawn = mean + deviation * normalQuantile(low + (high - low) * u)
    return min(max(drawn, lows[bin]), highs[bin])
  }
}
