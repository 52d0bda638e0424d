import Foundation
import ModelCore
import Support

/// Examples with a label each: pictures, or rows of a table of numbers.
///
/// Pixels stay the 8-bit values that the files hold until a batch is asked for, so a data set takes
/// as much memory as its images: 47 MB for MNIST's training set. A large folder of pictures stays
/// in its files and takes the memory of two batches.
public struct LabelledImages: Sendable {
  /// What the images are called in results, such as `mnist:test`.
  public let name: String
  /// The shape of every example.
  public let shape: InputShape
  /// The name of each class; label `k` means `classNames[k]`.
  public let classNames: [String]
  /// The smallest and the largest valid value, in the data's own unit. Budgets are in this unit.
  public let valueRange: ClosedRange<Double>
  /// What was left out or is worth knowing, a line each, for the user to see.
  public private(set) var notes: [String] = []
  /// What is known about every example.
  public let annotations: Annotations
  let storage: Storage

  /// Where the images are.
  enum Storage: Sendable {
    /// uint8 `[N, C, H, W]`, each byte a share of 255 of the value range; or float32 of that shape
    /// or `[N, D]`, as values.
    case memory(Tensor)
    /// The images at some places of a stream.
    case stream(PictureStream, [Int])
  }

  /// Checks the parts against each other and keeps them.
  /// - Parameters:
  ///   - pixels: `labels.count * shape.count` bytes, image by image, channel by channel, row by row.
  ///   - labels: the class of each image.
  /// - Throws: `Failure.badData` if there are no images, if the count of pixels is not that of the
  ///   labels' images, or if a label names no class.
  public init(
    name: String, shape: InputShape, classNames: [String], pixels: [UInt8], labels: [Int64]
  ) throws {
    guard pixels.count == labels.count * shape.count else {
      throw Failure.badData(
        "\(name): expected \(labels.count) images of \(shape.count) bytes, one per label, "
          + "found \(pixels.count) bytes")
    }
    try self.init(
      name: name, classNames: classNames,
      pixels: Tensor(pixels, shape: [labels.count] + shape.sizes), labels: labels)
  }

  /// Keeps examples that are tensors already.
  /// - Parameters:
  ///   - pixels: uint8 `[N, C, H, W]`; or float32 of that shape or `[N, D]`, with values in
  ///     `valueRange`, which the caller has checked.
  ///   - groups: the group of each example, none negative.
  ///   - masks: float32 in the shape of `pixels`, with values from 0 to 1, which the caller has
  ///     checked.
  /// - Throws: `Failure.badData` if there are no examples, if labels, groups or masks are not one
  ///   for each, or if a label names no class.
  public init(
    name: String, classNames: [String], pixels: Tensor, labels: [Int64], groups: [Int64]? = nil,
    masks: Tensor? = nil, valueRange: ClosedRange<Double> = 0...1
  ) throws {
    let count = pixels.shape[0]
    for (what, found) in [
      ("label", labels.count), ("group", groups?.count ?? count),
      ("mask", masks?.shape[0] ?? count),
    ] where found != count {
      throw Failure.badData(
        "\(name): expected a \(what) for each of \(count) images, found \(found)")
    }
    if let masks, masks.shape != pixels.shape {
      throw Failure.badData(
        "\(name): expected masks in the images' shape \(pixels.shape), found \(masks.shape)")
    }
    let annotations = Annotations(
      labels: Tensor(labels, shape: [labels.count]),
      groups: groups.map { Tensor($0, shape: [$0.count]) }, masks: masks)
    try self.init(
      name: name, shape: InputShape(ofBatch: pixels.shape), classNames: classNames,
      valueRange: valueRange, storage: .memory(pixels), annotations: annotations)
  }

  /// Keeps images that are decoded when they are asked for, `labels.count` of them.
  /// - Throws: as the initializer for bytes.
  init(
    name: String, shape: InputShape, classNames: [String], stream: PictureStream, labels: [Int64]
  ) throws {
    try self.init(
      name: name, shape: shape, classNames: classNames, valueRange: 0...1,
      storage: .stream(stream, Array(labels.indices)),
      annotations: Annotations(labels: Tensor(labels, shape: [labels.count])))
  }

  private init(
    name: String, shape: InputShape, classNames: [String], valueRange: ClosedRange<Double>,
    storage: Storage, annotations: Annotations
  ) throws {
    let labels = annotations.labels.int64s()
    guard !labels.isEmpty else {
      throw Failure.badData("\(name): expected at least one image, found none")
    }
    if let wrong = labels.firstIndex(where: { !classNames.indices.contains(Int($0)) }) {
      throw Failure.badData(
        "\(name): expected labels from 0 to \(classNames.count - 1), "
          + "found \(labels[wrong]) for image \(wrong)")
    }
    self.name = name
    self.shape = shape
    self.classNames = classNames
    self.valueRange = valueRange
    self.storage = storage
    self.annotations = annotations
  }

  /// Some of the images of others.
  private init(of other: LabelledImages, storage: Storage, annotations: Annotations) {
    name = other.name
    shape = other.shape
    classNames = other.classNames
    valueRange = other.valueRange
    notes = other.notes
    self.storage = storage
    self.annotations = annotations
  }

  /// The same images with more to say about them.
  func noting(_ lines: [String]) -> LabelledImages {
    var copy = self
    copy.notes += lines
    return copy
  }

  /// The number of images, N.
  public var count: Int { annotations.count }

  /// The number of classes.
  public var classCount: Int { classNames.count }

  /// int64 `[N]`, each in `0..<classCount`.
  public var labels: Tensor { annotations.labels }

  /// All pixels as they are stored: uint8 `[N, C, H, W]` from 0 to 255, or float32 values. Images
  /// that are not in memory are decoded.
  public var pixels: Tensor {
    switch storage {
    case .memory(let pixels): pixels
    case .stream(let stream, let places): stream.images(at: places, as: .uint8)
    }
  }

  /// Whether the images stay in their files until they are asked for.
  var isStreamed: Bool { if case .stream = storage { true } else { false } }

  /// The examples of a range, with values in `valueRange`.
  ///
  /// Of images that are in files, the range of the same length that follows is decoded meanwhile.
  public func batch(_ range: Range<Int>) -> Batch {
    let images: Tensor
    switch storage {
    case .memory(let pixels): images = values(pixels.narrow(0, range.lowerBound, range.count))
    case .stream(let stream, let places):
      let following = range.upperBound..<min(places.count, range.upperBound + range.count)
      images = stream.images(
        at: Array(places[range]), as: .float32, next: Array(places[following]))
    }
    return Batch(images: images, annotations: annotations[range], places: Array(range))
  }

  /// The examples at the given places, in that order.
  /// - Parameter indices: int64 `[n]`, each in `0..<count`.
  public func batch(at indices: Tensor) -> Batch {
    let places = indices.int64s().map(Int.init)
    let images =
      switch storage {
      case .memory(let pixels): values(pixels.indexSelect(0, indices))
      case .stream(let stream, let all): stream.images(at: places.map { all[$0] }, as: .float32)
      }
    return Batch(images: images, annotations: annotations.at(indices), places: places)
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
    return LabelledImages(of: self, storage: part, annotations: annotations[range])
  }

  /// The first `length` images, or all if there are fewer, sharing memory with these.
  public func prefix(_ length: Int) -> LabelledImages {
    subset(0..<min(length, count))
  }

  /// Takes `length` images out, the same ones whenever the seed is the same, each part in the order
  /// of the whole.
  /// - Throws: `Failure.usage` if fewer than two would be left to train on.
  public func holdingOut(
    _ length: Int, seed: Seed
  ) throws -> (rest: LabelledImages, heldOut: LabelledImages) {
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
    return LabelledImages(of: self, storage: part, annotations: annotations.at(places))
  }

  /// The number of images of each class.
  public var histogram: [Int] {
    labels.int64s().reduce(into: [Int](repeating: 0, count: classCount)) { $0[Int($1)] += 1 }
  }

  /// Stored pixels as values: bytes become shares of the value range.
  private func values(_ pixels: Tensor) -> Tensor {
    guard pixels.type != .float32 else { return pixels }
    let width = valueRange.upperBound - valueRange.lowerBound
    let fractions = pixels.to(.float32) / 255
    return valueRange == 0...1 ? fractions : fractions * width + valueRange.lowerBound
  }
}
