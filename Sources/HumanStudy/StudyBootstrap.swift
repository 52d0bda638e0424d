import ModelCore
import Support

/// The pigeonhole bootstrap, for statistics of answers that share participants and images.
///
/// A bootstrap estimates how much a statistic would vary from study to study by computing it on
/// many samples that are drawn with replacement from the data. Answers cannot be drawn one by one
/// here, since answers of one participant, and answers on pictures of one image, depend on each
/// other. Instead each draw takes as many participants as there are, with replacement, and
/// independently as many images. An answer then has the weight
///
///     (times its participant was drawn) × (times its image was drawn)
///
/// The estimated variance is somewhat too large, so intervals tend to be too wide, and not too
/// narrow. Source: A. Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1 (2007).
struct StudyBootstrap {
  let participants: Int
  let images: Int
  let draws: Int
  let seed: Seed

  /// Computes statistics of many draws.
  /// - Parameter numbers: computes the statistics of one draw. It gets how many times each
  ///   participant and each image were drawn, and returns nil for a statistic that the draw does
  ///   not have.
  /// - Returns: the sample of each statistic; nil for one that at most half of the draws have.
  func samples(
    _ numbers: (_ participants: [Int], _ images: [Int]) -> [Double?]
  ) -> [BootstrapSample?] {
    let random = RandomSource(seed)
    var samples: [[Double]] = []
    for _ in 0..<draws {
      let found = numbers(drawn(participants, random), drawn(images, random))
      if samples.isEmpty { samples = [[Double]](repeating: [], count: found.count) }
      for (place, number) in found.enumerated() { if let number { samples[place].append(number) } }
    }
    return samples.map { $0.count * 2 > draws ? BootstrapSample($0) : nil }
  }

  /// Draws `count` of `count` elements with replacement.
  /// - Returns: `[count]`, how many times each element was drawn.
  private func drawn(_ count: Int, _ random: RandomSource) -> [Int] {
    var times = [Int](repeating: 0, count: count)
    for place in random.integers(below: count, [count]).int64s() { times[Int(place)] += 1 }
    return times
  }
}

/// The values of a statistic in the draws of a bootstrap.
struct BootstrapSample: Equatable {
  /// In ascending order, at least one.
  private let sorted: [Double]

  init(_ values: [Double]) {
    precondition(!values.isEmpty, "a sample has at least one value")
    sorted = values.sorted()
  }

  /// The percentile interval at 95 %: from the 2.5 % to the 97.5 % quantile.
  var interval: [Double] { [quantile(sorted, 0.025), quantile(sorted, 0.975)] }

  /// The p-value of the hypothesis that the statistic, a difference, is 0.
  ///
  /// With n draws, of which k are at most 0 and l are at least 0, it is 2·(min(k, l) + 1)/(n + 1),
  /// but at most 1. So it is at most 0.05 about where the interval excludes 0. The draws stand for
  /// the statistic's distribution around its true value. Adding 1 keeps p from being 0, which no
  /// finite number of draws can show.
  var pOfZero: Double {
    let (below, above) = (sorted.count { $0 <= 0 }, sorted.count { $0 >= 0 })
    return min(1, 2 * Double(min(below, above) + 1) / Double(sorted.count + 1))
  }

  /// Whether the draws differ. If they do not, they say nothing about how much the statistic varies.
  var varies: Bool { sorted[0] < sorted[sorted.count - 1] }
}
