import ModelCore
import Support

/// What is known about some examples: the label of each and, where the data have them, the group
/// that it belongs to and a mask over its input.
///
/// No other type slices labels, groups or masks, so the three stay together through every batch,
/// subset and split.
public struct Annotations: Sendable {
  /// The class of each example, int64 `[N]`.
  public let labels: Tensor
  /// The group of each example, int64 `[N]`, such as the combination of its class and of a feature
  /// that must not matter; nil if the data have no groups.
  public let groups: Tensor?
  /// The masks as they are kept; nil if the data have none.
  let storedMasks: Masks?

  /// A value from 0 to 1 for each number of each example: 1 where the number must not influence the
  /// prediction, 0 where it may. float32 `[N, C, H, W]`, or `[N, D]` for rows of a table; nil if
  /// the data have no masks.
  ///
  /// The annotations of a batch keep their masks in this form. Those of a whole data set keep them
  /// in less memory, and make this tensor anew at every call.
  public var masks: Tensor? { storedMasks?.values }

  /// - Parameter masks: float32 in the shape of the examples.
  /// - Precondition: groups and masks, where given, have an entry for each label.
  public init(labels: Tensor, groups: Tensor? = nil, masks: Tensor? = nil) {
    self.init(
      labels: labels, groups: groups,
      storedMasks: masks.map { Masks(keeping: $0, shape: Array($0.shape.dropFirst())) })
  }

  init(labels: Tensor, groups: Tensor?, storedMasks: Masks?) {
    precondition(
      (groups.map { $0.shape == labels.shape } ?? true), "expected one group for each label")
    precondition(
      (storedMasks.map { $0.count == labels.shape[0] } ?? true), "expected one mask for each label")
    self.labels = labels
    self.groups = groups
    self.storedMasks = storedMasks
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

  /// The same annotations with masks in the form that a batch has.
  var withExpandedMasks: Annotations {
    Annotations(labels: labels, groups: groups, masks: masks)
  }

  private func mapped(_ change: (Tensor) -> Tensor) -> Annotations {
    Annotations(
      labels: change(labels), groups: groups.map(change),
      storedMasks: storedMasks?.mapped(change))
  }
}

/// Some examples of a data set together with their annotations.
public struct Batch: Sendable {
  /// float32 `[n, C, H, W]`, or `[n, D]` for rows of a table, in the data's value range.
  public let images: Tensor
  public let annotations: Annotations
  /// The index of each example in the data set that the batch was taken from. Random numbers that
  /// belong to an example are derived from it.
  public let places: [Int]

  /// - Parameter places: the index of each example in its data set; 0, 1, … unless given.
  /// - Precondition: `images` and `annotations` have the same number of examples.
  public init(images: Tensor, annotations: Annotations, places: [Int]? = nil) {
    precondition(images.shape[0] == annotations.count, "expected annotations for each image")
    self.images = images
    self.annotations = annotations
    self.places = places ?? Array(0..<annotations.count)
  }

  /// A batch whose examples have labels but neither groups nor masks.
  public init(images: Tensor, labels: Tensor) {
    self.init(images: images, annotations: Annotations(labels: labels))
  }

  /// The number of examples, n.
  public var count: Int { annotations.count }
  /// The class of each example, int64 `[n]`.
  public var labels: Tensor { annotations.labels }

  /// The same batch on another device.
  public func to(_ device: Device) -> Batch {
    Batch(images: images.to(device), annotations: annotations.to(device), places: places)
  }
}
