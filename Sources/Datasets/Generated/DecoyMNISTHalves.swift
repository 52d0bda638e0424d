import Foundation
import ModelCore
import Support

/// The data set `decoy-mnist-halves`: one half of each image is one of MNIST's digits, the other
/// half a constant grey that tells the digit in the training set and nothing in the other splits.
///
/// The digit is scaled to 28 x 14 pixels by the antialiased bilinear filter (the published code has
/// PIL's default, which is bicubic). It is in the upper or in the lower half, each equally likely.
/// The other half, which the masks mark, has the value 25 · digit. In validation and test the digit
/// is replaced by one that is drawn uniformly from 0 to 9. Half and decoy are drawn once for each
/// image; the published code draws them again whenever an image is used. A tenth of MNIST's
/// training images, drawn at random, is the validation split.
///
/// The three channels are equal before they are normalised as in the publication, by means and
/// deviations of CIFAR-10. Its budgets are in this unit. The value range spans the values of all
/// channels, so within it, a single channel may leave the pixels from 0 to 255 by up to 12.
/// Source: J. Heo, V. Piratla, M. Wicker and A. Weller, "Use Perturbations when Learning from
/// Explanations" (2023), and its code.
struct DecoyMNISTHalves: GeneratedData {
  static let entry = DecoyDigits.entry(
    name: "decoy-mnist-halves",
    summary:
      "MNIST's digits in one half, a grey that tells the digit in the other, in training only",
    channels: 3, counts: [.train: 54_000, .validation: 6_000, .test: 10_000],
    DecoyMNISTHalves.self)

  /// The mean and the standard deviation of each channel, by which the publication normalises.
  static let published = ChannelScaling(
    mean: [0.4914, 0.4822, 0.4465], deviation: [0.2023, 0.1994, 0.2010])
  /// Pixels from 0 to 1.
  static let fractions = ChannelScaling(mean: [0, 0, 0], deviation: [1, 1, 1])

  private let groups: DecoyDigits.Groups
  private let scaling: ChannelScaling

  init(_ options: Settings) throws {
    groups = try DecoyDigits.Groups(options)
    let units = try options.choice(
      "units", of: ["normalised", "pixels"], default: "normalised",
      "the unit of the values: normalised as published, or pixels from 0 to 1")
    scaling = units == "pixels" ? Self.fractions : Self.published
  }

  static func isPresent(_ split: Split, in folder: URL) -> Bool {
    IDXFolder(folder).has(DecoyDigits.source(of: split))
  }

  static func files(of split: Split, in folder: URL) -> [URL] {
    IDXFolder(folder).files(of: DecoyDigits.source(of: split))
  }

  func load(_ split: Split, name: String, from folder: URL) throws -> LabelledImages {
    // digits [n, 1, 28, 28]; digit, decoy [n, 1, 14, 28]
    let all = try DecoyDigits.digits(for: split, from: folder)
    let places = Self.places(of: split, among: all.count)
    let digits = all.choosing(places)
    let (labels, count) = (digits.labels.int64s(), places.count)
    // The draws belong to the images of MNIST's training or test set, not to their places in the
    // split.
    let draws = Self.draws(DecoyDigits.source(of: split).rawValue, examples: places)
    let isAbove = draws.purpose("half").integers(below: 2).equals(0).reshaped([count, 1, 1, 1])
    let shown = split == .train ? labels : draws.purpose("digit").integers(below: 10).int64s()
    let half = [count, 1, 14, 28]
    let levels = shown.map { UInt8(DecoyDigits.step * Int($0)) }
    let decoy = Tensor(levels, shape: [count, 1, 1, 1]).expanded(half)
    // All pictures are scaled in one call, as the planes of one picture.
    let planes = Raster(
      shape: InputShape(channels: count, height: 28, width: 28), bytes: digits.pixels.bytes())
    let digit = Tensor(planes.resized(height: 14, width: 28).bytes, shape: half)
    let upperHalf = isAbove.choose(digit, else: decoy)
    let lowerHalf = isAbove.choose(decoy, else: digit)
    let isMasked = [isAbove.inverted, isAbove].map { $0.to(.uint8).expanded(half) }
    return try LabelledImages(
      name: name, classNames: Self.entry.classNames,
      bytes: Tensor.concatenate([upperHalf, lowerHalf], along: 2), scaling: scaling, labels: labels,
      groups: groups.of(labels, shown: shown), groupNames: groups.names,
      masks: Tensor.concatenate(isMasked, along: 2))
  }

  /// The indices in MNIST's training or test set of the images of a split, in their order there.
  static func places(of split: Split, among count: Int) -> [Int] {
    guard split != .test else { return Array(0..<count) }
    let order = randomOrder("validation", count: count)
    let heldOut = count / 10
    return (split == .validation ? order.prefix(heldOut) : order.dropFirst(heldOut)).sorted()
  }
}
