import ModelCore
import Support

/// Intervals by drawing participants and images anew, with replacement: answers of one person, and
/// answers on pictures of one image, are not independent, so answers are not drawn one by one.
///
/// An answer counts as often as its participant was drawn times as often as its image was. This is
/// somewhat too careful: the interval is rather too wide. Source: A. Owen, "The pigeonhole
/// bootstrap", Annals of Applied Statistics 1 (2007).
struct StudyBootstrap {
  let participants: Int
  let images: Int
  let draws: Int
  let seed: Seed

  /// 95 % intervals of numbers computed from weighted answers.
  /// - Parameter numbers: given how often each participant and image were drawn, the numbers; nil
  ///   where one cannot be computed.
  func intervals(_ numbers: (_ participants: [Int], _ images: [Int]) -> [Double?]) -> [ClosedRange<
    Double
  >?] {
    let random = RandomSource(seed)
    var samples: [[Double]] = []
    for _ in 0..<draws {
      let found = numbers(drawn(participants, random), drawn(images, random))
      if samples.isEmpty { samples = [[Double]](repeating: [], count: found.count) }
      for (place, number) in found.enumerated() { if let number { samples[place].append(number) } }
    }
    return samples.map { sample in
      // A number that most draws do not have has no interval.
      guard sample.count * 2 > draws else { return nil }
      let sorted = sample.sorted()
      return quantile(sorted, 0.025)...quantile(sorted, 0.975)
    }
  }

  private func drawn(_ count: Int, _ random: RandomSource) -> [Int] {
    var times = [Int](repeating: 0, count: count)
    for place in random.integers(below: count, [count]).int64s() { times[Int(place)] += 1 }
    return times
  }
}
