import Foundation
import ModelCore
import Support

/// Images with a label each, in memory as bytes.
///
/// Pixels stay the 8-bit values the files hold until a batch is asked for, so a data set takes as much memory as its
/// images: 47 MB for MNIST's training set.
public struct LabelledImages: Sendable {
  /// What the images are called in results, such as `mnist:test`.
  public let name: String
  /// The shape of every image.
  public let shape: ImageShape
  /// The name of each class; label `k` means `classNames[k]`.
  public let classNames: [String]
  /// uint8 [N, C, H, W], 0 to 255.
  public let pixels: Tensor
  /// int64 [N], each in `0..<classCount`.
  public let labels: Tensor

  /// Checks the parts against each other and keeps them.
  /// - Parameters:
  ///   - pixels: `labels.count * shape.count` bytes, image by image, channel by channel, row by row.
  ///   - labels: the class of each image.
  /// - Throws: `Failure.badData` if there are no images, if the count of pixels is not that of the labels' images, or if
  ///   a label names no class.
  public init(
    name: String, shape: ImageShape, classNames: [String], pixels: [UInt8], labels: [Int64]
  ) throws {
    guard !labels.isEmpty else { throw Failure.badData("\(name): expected at least one image, found none") }
    guard pixels.count == labels.count * shape.count else {
      throw Failure.badData(
        "\(name): expected \(labels.count) images of \(shape.count) bytes, one per label, found \(pixels.count) bytes")
    }
    if let wrong = labels.firstIndex(where: { !classNames.indices.contains(Int($0)) }) {
      throw Failure.badData(
        "\(name): expected labels from 0 to \(classNames.count - 1), found \(labels[wrong]) for image \(wrong)")
    }
    self.init(
      name: name, shape: shape, classNames: classNames,
      pixels: Tensor(pixels, shape: [labels.count, shape.channels, shape.height, shape.width]),
      labels: Tensor(labels, shape: [labels.count]))
  }

  private init(name: String, shape: ImageShape, classNames: [String], pixels: Tensor, labels: Tensor) {
    self.name = name
    self.shape = shape
    self.classNames = classNames
    self.pixels = pixels
    self.labels = labels
  }

  /// The number of images, N.
  public var count: Int { labels.shape[0] }

  /// The number of classes.
  public var classCount: Int { classNames.count }

  /// The images of a range: float32 [n, C, H, W] in [0, 1], each byte divided by 255.
  public func images(_ range: Range<Int>) -> Tensor {
    Self.unit(pixels.narrow(0, range.lowerBound, range.count))
  }

  /// The labels of a range: int64 [n].
  public func labels(_ range: Range<Int>) -> Tensor {
    labels.narrow(0, range.lowerBound, range.count)
  }

  /// The images and labels at the given places, in that order.
  /// - Parameter indices: int64 [n], each in `0..<count`.
  /// - Returns: float32 [n, C, H, W] in [0, 1] and int64 [n].
  public func batch(at indices: Tensor) -> (images: Tensor, labels: Tensor) {
    (Self.unit(pixels.indexSelect(0, indices)), labels.indexSelect(0, indices))
  }

  /// The images of a range, sharing memory with these.
  /// - Precondition: `range` lies in `0..<count`.
  public func subset(_ range: Range<Int>) -> LabelledImages {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) is not within 0..<\(count)")
    return LabelledImages(
      name: name, shape: shape, classNames: classNames,
      pixels: pixels.narrow(0, range.lowerBound, range.count), labels: labels(range))
  }

  /// The first `length` images, or all if there are fewer, sharing memory with these.
  public func prefix(_ length: Int) -> LabelledImages {
    subset(0..<min(length, count))
  }

  /// Takes `length` images out, the same ones whenever the seed is the same, each part in the order of the whole.
  /// - Throws: `Failure.usage` if fewer than two would be left to train on.
  public func holdingOut(_ length: Int, seed: Seed) throws -> (rest: LabelledImages, heldOut: LabelledImages) {
    guard length <= count - 2 else {
      throw Failure.usage("\(name) has \(count) images: \(length) cannot be held out of them", hint: "hold out fewer")
    }
    let order = RandomSource(seed).permutation(count)
    let places = { (start: Int, length: Int) in
      Tensor(order.narrow(0, start, length).int64s().sorted(), shape: [length])
    }
    return (choosing(places(length, count - length)), choosing(places(0, length)))
  }

  private func choosing(_ places: Tensor) -> LabelledImages {
    LabelledImages(
      name: name, shape: shape, classNames: classNames, pixels: pixels.indexSelect(0, places),
      labels: labels.indexSelect(0, places))
  }

  /// The number of images of each class.
  public var histogram: [Int] {
    labels.int64s().reduce(into: [Int](repeating: 0, count: classCount)) { $0[Int($1)] += 1 }
  }

  /// What the images are, whatever they are called: SHA-256 in hexadecimal over shape, class count, count, labels
  /// (64-bit, little-endian) and pixels. Reads every pixel, a tenth of a second for MNIST's training set.
  public var fingerprint: String {
    let header = "\(shape.channels) \(shape.height) \(shape.width) \(classCount) \(count)\n"
    let digest = Digest()
    Array(header.utf8).withUnsafeBytes { digest.update($0) }
    labels.int64s().map(\.littleEndian).withUnsafeBytes { digest.update($0) }
    pixels.bytes().withUnsafeBytes { digest.update($0) }
    return digest.hex()
  }

  /// Bytes as fractions of full intensity.
  private static func unit(_ bytes: Tensor) -> Tensor {
    bytes.to(.float32) / 255
  }
}
