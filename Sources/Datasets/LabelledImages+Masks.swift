import ModelCore

extension LabelledImages {
  /// Whether the data have masks.
  public var hasMasks: Bool { annotations[0..<1].masks != nil }

  /// The same images with other masks.
  /// - Parameter masks: uint8 of 0 and 1, or float32 from 0 to 1, in `[N]` and the shape of an
  ///   example: 1 where a feature must not matter.
  /// - Precondition: the masks have that shape.
  public func masked(by masks: Tensor) -> LabelledImages {
    precondition(
      masks.shape == [count] + shape.sizes,
      "expected masks of the shape \([count] + shape.sizes), found \(masks.shape)")
    var images = LabelledImages(
      of: self, storage: storage,
      annotations: Annotations(
        labels: annotations.labels, groups: annotations.groups,
        storedMasks: Masks(masks, shape: shape.sizes)))
    images.places = places
    return images
  }
}
