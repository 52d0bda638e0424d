import ModelCore
import Support

/// What is known about each of some examples: its label and, where the data have them, the group it
/// belongs to and a mask over its input.
///
/// This is the only type that takes annotations apart, so what is known about an example stays with
/// it through every batch, subset and split.
public struct Annotations: Sendable {
  /// The class of each example, int64 `[N]`.
  public let labels: Tensor
  /// The group of each example, int64 `[N]`, such as the combination of its class and a nuisance;
  /// nil if the data have no groups.
  public let groups: Tensor?
  /// For each number of each example how much it must not matter, float32 `[N, C, H, W]` (rows of a
  /// table: `[N, D]`), from 0 (it may) to 1 (it must not); nil if the data have no masks.
  public let masks: Tensor?

  /// - Precondition: groups and masks, where given, have an entry for each label.
  public init(labels: Tensor, groups: Tensor? = nil, masks: Tensor? = nil) {
    precondition((groups.map { $0.shape == labels.shape } ?? true), "a group for each label")
    precondition((masks.map { $0.shape[0] == labels.shape[0] } ?? true), "a mask for each label")
    self.labels = labels
    self.groups = groups
    self.masks = masks
  }

  /// The number of examples, N.
  public var count: Int { labels.shape[0] }

  /// The annotations of a range of the examples, which share memory with these.
  public subscript(range: Range<Int>) -> Annotations {
    mapped { $0.narrow(0, range.lowerBound, range.count) }
  }

  /// The annotations of the examples at `indices`, int64 `[n]`, in that order.
  public func at(_ indices: Tensor) -> Annotations { mapped { $0.indexSelect(0, indices) } }

  /// The same annotations on another device.
  public func to(_ device: Device) -> Annotations { mapped { $0.to(device) } }

  private func mapped(_ change: (Tensor) -> Tensor) -> Annotations {
    Annotations(labels: change(labels), groups: groups.map(change), masks: masks.map(change))
  }
}

/// Some examples of a data set with everything that is known about them.
public struct Batch: Sendable {
  /// float32 `[n, C, H, W]`, or `[n, D]` for rows of a table, in the data's value range.
  public let images: Tensor
  public let annotations: Annotations
  /// Where each example stands in the data set the batch was taken from: the number by which random
  /// draws belong to an example.
  public let places: [Int]

  /// - Parameter places: 0, 1, … unless given.
  public init(images: Tensor, annotations: Annotations, places: [Int]? = nil) {
    precondition(images.shape[0] == annotations.count, "annotations for each image")
    self.images = images
    self.annotations = annotations
    self.places = places ?? Array(0..<annotations.count)
  }

  public init(images: Tensor, labels: Tensor) {
    self.init(images: images, annotations: Annotations(labels: labels))
  }

  /// The number of examples, n.
  public var count: Int { annotations.count }
  /// int64 `[n]`
  public var labels: Tensor { annotations.labels }

  /// The same batch on another device.
  public func to(_ device: Device) -> Batch {
    Batch(images: images.to(device), annotations: annotations.to(device), places: places)
  }
}
