import ModelCore
import Support

/// The pigeonhole bootstrap: percentile intervals for statistics of answers that share participants
/// and images.
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

  /// Computes 95 % intervals, from the 2.5 % to the 97.5 % quantile over all draws.
  /// - Parameter numbers: computes the statistics of one draw. It gets how many times each
  ///   participant and each image were drawn, and returns nil for a statistic that the draw does
  ///   not have.
  /// - Returns: an interval for each statistic; nil for one that at most half of the draws have.
  func intervals(
    _ numbers: (_ participants: [Int], _ images: [Int]) -> [Double?]
  ) -> [ClosedRange<Double>?] {
    let random = RandomSource(seed)
    var samples: [[Double]] = []
    for _ in 0..<draws {
      let found = numbers(drawn(participants, random), drawn(images, random))
      if samples.isEmpty { samples = [[Double]](repeating: [], count: found.count) }
      for (place, number) in found.enumerated() { if let number { samples[place].append(number) } }
    }
    return samples.map { sample in
      guard sample.count * 2 > draws else { return nil }
      let sorted = sample.sorted()
      return quantile(sorted, 0.025)...quantile(sorted, 0.975)
    }
  }

  /// Draws `count` of `count` elements with replacement.
  /// - Returns: `[count]`, how many times each element was drawn.
  private func drawn(_ count: Int, _ random: RandomSource) -> [Int] {
    var times = [Int](repeating: 0, count: count)
    for place in random.integers(below: count, [count]).int64s() { times[Int(place)] += 1 }
    return times
  }
}
