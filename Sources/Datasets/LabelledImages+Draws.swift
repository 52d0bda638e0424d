import Foundation
import ModelCore
import Support

extension LabelledImages {
  /// Divides the images into `length` held-out images, drawn at random, and the rest. Both keep the
  /// order of the whole, and the same seed draws the same images.
  /// - Throws: `Failure.usage` if fewer than two images would be left to train on.
  public func holdingOut(
    _ length: Int, seed: Seed
  ) throws -> (rest: LabelledImages, heldOut: LabelledImages) {
    guard length <= count - 2 else {
      throw Failure.usage(
        "\(name): expected at most \(max(0, count - 2)) images to hold out of \(count), "
          + "found \(length)", hint: "hold out fewer images")
    }
    let order = RandomSource(seed).permutation(count)
    let places = { (start: Int, length: Int) in
      order.narrow(0, start, length).int64s().map(Int.init).sorted()
    }
    return (choosing(places(length, count - length)), choosing(places(0, length)))
  }

  /// A sample in which every class has the share of images that it has in the whole, as nearly as
  /// whole numbers allow. Classes of equal size are thus balanced: their numbers of images differ
  /// by at most one.
  ///
  /// The images are drawn at random without replacement, and the classes alternate. The same seed
  /// draws the same images, and a larger sample begins with the images of a smaller one.
  /// - Throws: `Failure.usage` if `wanted` is not between 1 and `count`.
  public func sample(_ wanted: Int, seed: Seed) throws -> LabelledImages {
    let places = try samplePlaces(wanted, seed: seed)
    var drawn = choosing(places)
    drawn.places = places
    return drawn
  }

  /// The indices of the images of `sample(_:seed:)`, in its order.
  ///
  /// The i-th of the n images of a class, in random order, gets the number (i + u) / n, where u is
  /// drawn once for each class, uniformly from 0 to 1. The sample has the images with the smallest
  /// numbers. (This is systematic sampling within each class.)
  public func samplePlaces(_ wanted: Int, seed: Seed) throws -> [Int] {
    guard (1...count).contains(wanted) else {
      throw Failure.usage(
        "\(name): expected a sample of 1 to \(count) images, found \(wanted)",
        hint: "\(name) has \(count) images: ask for at most as many")
    }
    let starts = RandomSource(seed.derive("classes")).uniform([classCount]).floats()
    let order = RandomSource(seed.derive("images")).permutation(count).int64s().map(Int.init)
    let (classes, sizes) = (labels.int64s().map(Int.init), histogram)
    var taken = [Int](repeating: 0, count: classCount)
    let ranked = order.map { place in
      let label = classes[place]
      defer { taken[label] += 1 }
      return (
        number: (Double(taken[label]) + Double(starts[label])) / Double(sizes[label]), place: place
      )
    }
    return ranked.sorted { ($0.number, $0.place) < ($1.number, $1.place) }
      .prefix(wanted).map(\.place)
  }

  /// A line for the user if the first `length` images have far fewer classes than all images, as
  /// when the images are sorted by class; nil if they do not.
  ///
  /// The number of classes is compared with that of images in random order, of which the first
  /// `length` lack a class of n images with the probability (1 - length / count)^n. Far fewer are
  /// less than half of that number, or less by three standard deviations.
  public func classesMissed(inFirst length: Int) -> String? {
    guard length < count else { return nil }
    let sizes = histogram.filter { $0 > 0 }
    let absent = sizes.map { pow(1 - Double(length) / Double(count), Double($0)) }
    let expected = absent.reduce(0) { $0 + (1 - $1) }
    let deviation = absent.reduce(0) { $0 + $1 * (1 - $1) }.squareRoot()
    let found = Set(labels.narrow(0, 0, length).int64s()).count
    guard Double(found) < max(expected / 2, expected - 3 * deviation) else { return nil }
    return "\(name): the first \(length) of \(count) images show only \(found) of \(sizes.count) "
      + "classes, so their accuracy says little about the others"
  }
}
