import Foundation
import ModelCore
import Support

/// Labelled examples: pictures, or the rows of a table of numbers.
///
/// Pixels are kept as the 8-bit values of the files and become numbers when a batch is made.
/// MNIST's training set thus takes 47 MB. The pictures of a large folder stay in their files, and
/// only two batches of them are in memory.
public struct LabelledImages: Sendable {
  /// The name of the images in results, such as `mnist:test`.
  public let name: String
  /// The shape of every example.
  public let shape: InputShape
  /// The name of each class. Label `k` stands for `classNames[k]`.
  public let classNames: [String]
  /// The smallest and the largest valid value. Budgets are in the same unit as these values.
  public let valueRange: ClosedRange<Double>
  /// Lines for the user about what was left out, or what seems odd.
  public private(set) var notes: [String] = []
  /// What determines the number of classes.
  private(set) var classSource = ClassSource.fixed
  /// The label of every example and, where the data have them, its group and its mask.
  public let annotations: Annotations
  /// The name of each group, if the data name them: group `g` is `groupNames[g]`.
  public let groupNames: [String]?
  /// The name of each number of a row, such as a column of a table or a word; nil for pictures, and
  /// for rows without names.
  public private(set) var featureNames: [String]?
  let storage: Storage
  let fingerprintMemo = FingerprintMemo()
  /// The index of each image in the data set, if these images are a sample of it; nil if they are
  /// its first images, in its order.
  public internal(set) var places: [Int]?

  /// Makes labelled images from bytes.
  /// - Parameters:
  ///   - pixels: `labels.count * shape.count` bytes, image by image, channel by channel, row by
  ///     row.
  ///   - labels: the class of each image.
  /// - Throws: `Failure.badData` if there are no images, if `pixels` has another number of bytes,
  ///   or if a label has no class.
  public init(
    name: String, shape: InputShape, classNames: [String], pixels: [UInt8], labels: [Int64]
  ) throws {
    guard pixels.count == labels.count * shape.count else {
      throw Failure.badData(
        "\(name): expected \(labels.count) images of \(shape.count) bytes, one for each label, "
          + "found \(pixels.count) bytes")
    }
    try self.init(
      name: name, classNames: classNames,
      pixels: Tensor(pixels, shape: [labels.count] + shape.sizes), labels: labels)
  }

  /// Makes labelled images from tensors.
  /// - Parameters:
  ///   - pixels: `[N, C, H, W]`, or `[N, D]` for a table. uint8, whose bytes stand for shares of
  ///     the value range, or float32; the caller has checked that its values lie in `valueRange`.
  ///   - labels: the class of each example.
  ///   - groups: the group of each example, at least 0.
  ///   - groupNames: the name of each group; nil if the groups have none.
  ///   - masks: in the shape of `pixels`, or with one channel that stands for all; the caller has
  ///     checked that the values lie between 0 and 1. Masks of 0 and 1 take least memory as uint8.
  ///   - valueRange: the smallest and the largest valid value.
  /// - Throws: `Failure.badData` if there are no examples, if the number of labels, groups or masks
  ///   differs from that, if the masks have another shape, if a label has no class, or if a group
  ///   has no name among those given.
  public init(
    name: String, classNames: [String], pixels: Tensor, labels: [Int64], groups: [Int64]? = nil,
    groupNames: [String]? = nil, masks: Tensor? = nil, valueRange: ClosedRange<Double> = 0...1
  ) throws {
    let count = pixels.shape[0]
    for (what, found) in [
      ("labels", labels.count), ("groups", groups?.count ?? count),
      ("masks", masks?.shape[0] ?? count),
    ] where found != count {
      throw Failure.badData(
        "\(name): expected \(count) \(what), one for each image, found \(found)")
    }
    if let masks, !Masks.fit(masks.shape, pixels.shape) {
      throw Failure.badData(
        "\(name): expected masks in the images' shape \(pixels.shape), found \(masks.shape)")
    }
    let annotations = Annotations(
      labels: Tensor(labels, shape: [labels.count]),
      groups: groups.map { Tensor($0, shape: [$0.count]) },
      storedMasks: masks.map { Masks($0, shape: Array(pixels.shape.dropFirst())) })
    try self.init(
      name: name, shape: InputShape(ofBatch: pixels.shape), classNames: classNames,
      groupNames: groupNames, valueRange: valueRange, storage: .memory(pixels),
      annotations: annotations)
  }

  /// Makes labelled images from grey pictures that are given out in several channels.
  /// - Parameters:
  ///   - bytes: uint8 `[N, 1, H, W]`.
  ///   - masks: uint8 or float32 `[N, 1, H, W]`, which stand for all channels.
  /// - Throws: what the initializer from tensors throws.
  init(
    name: String, classNames: [String], bytes: Tensor, scaling: ChannelScaling, labels: [Int64],
    groups: [Int64]? = nil, groupNames: [String]? = nil, masks: Tensor? = nil
  ) throws {
    let grey = try LabelledImages(
      name: name, classNames: classNames, pixels: bytes, labels: labels, groups: groups,
      groupNames: groupNames, masks: masks)
    let shape = InputShape(
      channels: scaling.mean.count, height: grey.shape.height, width: grey.shape.width)
    try self.init(
      name: name, shape: shape, classNames: classNames, groupNames: groupNames,
      valueRange: scaling.range, storage: .channels(bytes, scaling),
      annotations: Annotations(
        labels: grey.labels, groups: grey.annotations.groups,
        storedMasks: masks.map { Masks($0, shape: shape.sizes) }))
  }

  /// The same images, whose bytes stand for shares of another range of values.
  /// - Throws: `Failure.badData` if the images are not bytes in memory.
  func spanning(_ range: ClosedRange<Double>) throws -> LabelledImages {
    guard case .memory(let pixels) = storage, pixels.type == .uint8 else {
      throw Failure.badData(
        "\(name): the option range is for pictures that are kept in memory",
        hint: "leave it out, or use fewer pictures")
    }
    return try LabelledImages(
      name: name, shape: shape, classNames: classNames, groupNames: groupNames, valueRange: range,
      storage: storage, annotations: annotations
    ).noting(notes).countingClasses(by: classSource)
  }

  /// Makes labelled images from pictures that are decoded when they are used, one for each label of
  /// the annotations.
  /// - Throws: `Failure.badData` if there are no images, if a label has no class, or if a group has
  ///   no name.
  init(
    name: String, shape: InputShape, classNames: [String], groupNames: [String]?,
    stream: PictureStream, annotations: Annotations
  ) throws {
    try self.init(
      name: name, shape: shape, classNames: classNames, groupNames: groupNames, valueRange: 0...1,
      storage: .stream(stream, Array(0..<annotations.count)), annotations: annotations)
  }

  private init(
    name: String, shape: InputShape, classNames: [String], groupNames: [String]? = nil,
    valueRange: ClosedRange<Double>, storage: Storage, annotations: Annotations
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
    if let groupNames, let largest = annotations.groups?.max().scalar,
      Int(largest) >= groupNames.count
    {
      throw Failure.badData(
        "\(name): expected a name for each group, found \(groupNames.count) names and the group "
          + "\(Int(largest)), where groups count from 0")
    }
    self.name = name
    self.shape = shape
    self.classNames = classNames
    self.valueRange = valueRange
    self.storage = storage
    self.annotations = annotations
    self.groupNames = groupNames
  }

  /// Makes a part of other labelled images.
  init(of other: LabelledImages, storage: Storage, annotations: Annotations) {
    name = other.name
    shape = other.shape
    classNames = other.classNames
    valueRange = other.valueRange
    notes = other.notes
    classSource = other.classSource
    groupNames = other.groupNames
    featureNames = other.featureNames
    self.storage = storage
    self.annotations = annotations
  }

  /// The same images with further notes.
  func noting(_ lines: [String]) -> LabelledImages {
    var copy = self
    copy.notes += lines
    return copy
  }

  /// The same rows with a name for each of their numbers.
  package func naming(features names: [String]) -> LabelledImages {
    precondition(names.count == shape.count, "expected one name for each of \(shape)")
    var copy = self
    copy.featureNames = names
    return copy
  }

  /// The same images, whose number of classes was found in another way.
  func countingClasses(by source: ClassSource) -> LabelledImages {
    var copy = self
    copy.classSource = source
    return copy
  }

  /// The number of images, N.
  public var count: Int { annotations.count }

  /// The number of classes.
  public var classCount: Int { classNames.count }

  /// The class of each example, int64 `[N]`, in `0..<classCount`.
  public var labels: Tensor { annotations.labels }

  /// All pixels as they are stored, `[N, C, H, W]` or `[N, D]`: uint8 from 0 to 255, or float32
  /// values. Pictures that stay in their files are decoded.
  public var pixels: Tensor {
    switch storage {
    case .memory(let pixels): pixels
    case .channels: storage.values(in: valueRange)
    case .stream(let stream, let places): stream.images(at: places, as: .uint8)
    }
  }

  /// Whether the images stay in their files until they are used.
  var isStreamed: Bool { if case .stream = storage { true } else { false } }

  /// The number of images of each class.
  public var histogram: [Int] {
    labels.int64s().reduce(into: [Int](repeating: 0, count: classCount)) { $0[Int($1)] += 1 }
  }
}
