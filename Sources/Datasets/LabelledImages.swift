import Foundation
import ModelCore
import Support

/// Images with a label each.
///
/// Pixels stay the 8-bit values the files hold until a batch is asked for, so a data set takes as
/// much memory as its images: 47 MB for MNIST's training set. A large folder of pictures stays in
/// its files and takes that of two batches.
public struct LabelledImages: Sendable {
  /// What the images are called in results, such as `mnist:test`.
  public let name: String
  /// The shape of every image.
  public let shape: ImageShape
  /// The name of each class; label `k` means `classNames[k]`.
  public let classNames: [String]
  /// What was left out or is worth knowing, a line each, for the user to see.
  public private(set) var notes: [String] = []
  private let storage: Storage
  /// int64 [N], each in `0..<classCount`.
  public let labels: Tensor

  /// Where the images are.
  private enum Storage: Sendable {
    /// uint8 [N, C, H, W], 0 to 255, or float32, 0 to 1.
    case memory(Tensor)
    /// The images at some places of a stream.
    case stream(PictureStream, [Int])
  }

  /// Checks the parts against each other and keeps them.
  /// - Parameters:
  ///   - pixels: `labels.count * shape.count` bytes, image by image, channel by channel, row by
  ///     row.
  ///   - labels: the class of each image.
  /// - Throws: `Failure.badData` if there are no images, if the count of pixels is not that of the
  ///   labels' images, or if a label names no class.
  public init(
    name: String, shape: ImageShape, classNames: [String], pixels: [UInt8], labels: [Int64]
  ) throws {
    guard pixels.count == labels.count * shape.count else {
      throw Failure.badData(
        "\(name): expected \(labels.count) images of \(shape.count) bytes, one per label, found \(pixels.count) bytes"
      )
    }
    try self.init(
      name: name, classNames: classNames,
      pixels: Tensor(pixels, shape: [labels.count] + shape.sizes), labels: labels)
  }

  /// Keeps images that are tensors already.
  /// - Parameter pixels: uint8 `[N, C, H, W]`, or float32 with values from 0 to 1, which the caller
  ///   has checked.
  /// - Throws: as the initializer for bytes.
  init(name: String, classNames: [String], pixels: Tensor, labels: [Int64]) throws {
    let sizes = pixels.shape
    let shape = ImageShape(channels: sizes[1], height: sizes[2], width: sizes[3])
    guard sizes[0] == labels.count else {
      throw Failure.badData(
        "\(name): expected a label for each of \(sizes[0]) images, found \(labels.count)")
    }
    try self.init(
      name: name, shape: shape, classNames: classNames, storage: .memory(pixels), labels: labels)
  }

  /// Keeps images that are decoded when they are asked for, `labels.count` of them.
  /// - Throws: as the initializer for bytes.
  init(
    name: String, shape: ImageShape, classNames: [String], stream: PictureStream, labels: [Int64]
  ) throws {
    try self.init(
      name: name, shape: shape, classNames: classNames,
      storage: .stream(stream, Array(labels.indices)), labels: labels)
  }

  private init(
    name: String, shape: ImageShape, classNames: [String], storage: Storage, labels: [Int64]
  ) throws {
    guard !labels.isEmpty else {
      throw Failure.badData("\(name): expected at least one image, found none")
    }
    if let wrong = labels.firstIndex(where: { !classNames.indices.contains(Int($0)) }) {
      throw Failure.badData(
        "\(name): expected labels from 0 to \(classNames.count - 1), found \(labels[wrong]) for image \(wrong)"
      )
    }
    self.name = name
    self.shape = shape
    self.classNames = classNames
    self.storage = storage
    self.labels = Tensor(labels, shape: [labels.count])
  }

  /// Some of the images of others.
  private init(of other: LabelledImages, storage: Storage, labels: Tensor) {
    name = other.name
    shape = other.shape
    classNames = other.classNames
    notes = other.notes
    self.storage = storage
    self.labels = labels
  }

  /// The same images with more to say about them.
  func noting(_ lines: [String]) -> LabelledImages {
    var copy = self
    copy.notes += lines
    return copy
  }

  /// The number of images, N.
  public var count: Int { labels.shape[0] }

  /// The number of classes.
  public var classCount: Int { classNames.count }

  /// All pixels, uint8 [N, C, H, W] from 0 to 255 (of float images float32, 0 to 1): decodes what
  /// is not in memory.
  public var pixels: Tensor {
    switch storage {
    case .memory(let pixels): pixels
    case .stream(let stream, let places): stream.images(at: places, as: .uint8)
    }
  }

  /// Whether the images stay in their files until they are asked for.
  var isStreamed: Bool { if case .stream = storage { true } else { false } }

  /// The images of a range: float32 [n, C, H, W] in [0, 1], each byte divided by 255.
  ///
  /// Of images that are in files, the range of the same length that follows is decoded meanwhile.
  public func images(_ range: Range<Int>) -> Tensor {
    switch storage {
    case .memory(let pixels): return Self.unit(pixels.narrow(0, range.lowerBound, range.count))
    case .stream(let stream, let places):
      let following = range.upperBound..<min(places.count, range.upperBound + range.count)
      return stream.images(at: Array(places[range]), as: .float32, next: Array(places[following]))
    }
  }

  /// The labels of a range: int64 [n].
  public func labels(_ range: Range<Int>) -> Tensor {
    labels.narrow(0, range.lowerBound, range.count)
  }

  /// The images and labels at the given places, in that order.
  /// - Parameter indices: int64 [n], each in `0..<count`.
  /// - Returns: float32 [n, C, H, W] in [0, 1] and int64 [n].
  public func batch(at indices: Tensor) -> (images: Tensor, labels: Tensor) {
    let images =
      switch storage {
      case .memory(let pixels): Self.unit(pixels.indexSelect(0, indices))
      case .stream(let stream, let places):
        stream.images(at: indices.int64s().map { places[Int($0)] }, as: .float32)
      }
    return (images, labels.indexSelect(0, indices))
  }

  /// The images of a range, sharing memory with these.
  /// - Precondition: `range` lies in `0..<count`.
  public func subset(_ range: Range<Int>) -> LabelledImages {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= count, "\(range) is not within 0..<\(count)")
    let part: Storage =
      switch storage {
      case .memory(let pixels): .memory(pixels.narrow(0, range.lowerBound, range.count))
      case .stream(let stream, let places): .stream(stream, Array(places[range]))
      }
    return LabelledImages(of: self, storage: part, labels: labels(range))
  }

  /// The first `length` images, or all if there are fewer, sharing memory with these.
  public func prefix(_ length: Int) -> LabelledImages {
    subset(0..<min(length, count))
  }

  /// Takes `length` images out, the same ones whenever the seed is the same, each part in the order
  /// of the whole.
  /// - Throws: `Failure.usage` if fewer than two would be left to train on.
  public func holdingOut(_ length: Int, seed: Seed) throws -> (
    rest: LabelledImages, heldOut: LabelledImages
  ) {
    guard length <= count - 2 else {
      throw Failure.usage(
        "\(name) has \(count) images: \(length) cannot be held out of them", hint: "hold out fewer")
    }
    let order = RandomSource(seed).permutation(count)
    let places = { (start: Int, length: Int) in
      Tensor(order.narrow(0, start, length).int64s().sorted(), shape: [length])
    }
    return (choosing(places(length, count - length)), choosing(places(0, length)))
  }

  private func choosing(_ places: Tensor) -> LabelledImages {
    let part: Storage =
      switch storage {
      case .memory(let pixels): .memory(pixels.indexSelect(0, places))
      case .stream(let stream, let all): .stream(stream, places.int64s().map { all[Int($0)] })
      }
    return LabelledImages(of: self, storage: part, labels: labels.indexSelect(0, places))
  }

  /// The number of images of each class.
  public var histogram: [Int] {
    labels.int64s().reduce(into: [Int](repeating: 0, count: classCount)) { $0[Int($1)] += 1 }
  }

  /// What the images are, whatever they are called: SHA-256 in hexadecimal over shape, class count,
  /// count, labels (64-bit, little-endian) and pixels (bytes; those of float images as 32-bit
  /// little-endian numbers). Reads every pixel, a tenth of a second for MNIST's training set; of
  /// pictures that stay in their files, the SHA-256 of each picture's pixels.
  public var fingerprint: String {
    let header = "\(shape.channels) \(shape.height) \(shape.width) \(classCount) \(count)\n"
    let digest = Digest()
    Array(header.utf8).withUnsafeBytes { digest.update($0) }
    labels.int64s().map(\.littleEndian).withUnsafeBytes { digest.update($0) }
    switch storage {
    case .memory(let pixels) where pixels.type == .float32:
      pixels.floats().map(\.bitPattern.littleEndian).withUnsafeBytes { digest.update($0) }
    case .memory(let pixels): pixels.bytes().withUnsafeBytes { digest.update($0) }
    case .stream(let stream, let places):
      stream.digest(of: places).withUnsafeBytes { digest.update($0) }
    }
    return digest.hex()
  }

  /// Bytes as fractions of full intensity; what are such already stay.
  private static func unit(_ bytes: Tensor) -> Tensor {
    bytes.type == .float32 ? bytes : bytes.to(.float32) / 255
  }
}
