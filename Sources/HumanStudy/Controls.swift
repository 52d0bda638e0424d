import Datasets
import Support

/// The pictures of the control conditions, made of images that adversarial pictures are made of.
///
/// For each image, one adversarial picture is drawn from those of all conditions. The clean control
/// shows the image as it was before the attack. The noise control shows it with the perturbation of
/// that adversarial picture, moved to random places. Both have its target, so that all measures
/// have the same meaning as for adversarial pictures.
struct Controls {
  /// A picture of a control condition and the adversarial picture that it belongs to.
  struct Item: Hashable {
    let kind: Stimulus.Kind
    let condition: Int
    let label: Int
    let place: Int
  }

  /// For each class, the adversarial pictures that were drawn, one of each image.
  let drawn: [[(condition: Int, place: Int)]]

  /// - Parameter pools: the adversarial pictures that the study may show.
  init(_ pools: [CandidatePool], seed: Seed) {
    drawn = pools[0].candidates.indices.map { label in
      let all = pools.enumerated().flatMap { condition, pool in
        pool.candidates[label].indices.map { (condition: condition, place: $0) }
      }
      let shuffled = seed.derive("controls of class \(label)").shuffled(all)
      var seen: Set<Int> = []
      return shuffled.filter {
        seen.insert(pools[$0.condition].candidates[label][$0.place].index).inserted
      }
    }
  }

  /// An unchanged picture with the perturbation of an adversarial picture at random places.
  ///
  /// The noise has the same changes of pixel values as the perturbation, so it has the same size in
  /// every norm. Signs are random too, except where a value would leave 0 to 255: there the sign is
  /// the one with which the value stays in this range or comes closest to it, and the value is then
  /// limited to it.
  static func noise(_ original: Picture, like adversarial: Picture, seed: Seed) -> Picture {
    let changes = zip(original.pixels, adversarial.pixels).map { Int($1) - Int($0) }
    let places = seed.derive("places").order(changes.count)
    let signs = seed.derive("signs").order(changes.count)
    let pixels = original.pixels.indices.map { pixel -> UInt8 in
      let (value, size) = (Int(original.pixels[pixel]), abs(changes[places[pixel]]))
      let (up, down) = (min(value + size, 255), max(value - size, 0))
      let (rise, fall) = (up - value, value - down)
      return UInt8(rise == fall ? (signs[pixel] % 2 == 0 ? up : down) : rise > fall ? up : down)
    }
    return Picture(shape: original.shape, pixels: pixels)
  }
}
