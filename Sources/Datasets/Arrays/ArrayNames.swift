/// The names of the arrays that make up one set of labelled images.
struct ArrayNames: Sendable {
  let images: String
  let labels: String
  /// The array of groups, which may be missing.
  let groups: String
  /// The array of masks, which may be missing.
  let masks: String

  /// The names that are tried, in this order.
  /// - Parameter split: nil for an undivided set.
  static func known(_ split: Split?) -> [ArrayNames] {
    guard let split else {
      return [
        ArrayNames(images: "images", labels: "labels", groups: "groups", masks: "masks"),
        ArrayNames(images: "x", labels: "y", groups: "groups", masks: "masks"),
      ]
    }
    let words = split == .validation ? [split.rawValue, "val"] : [split.rawValue]
    return words.flatMap { split in
      [
        ArrayNames(
          images: "\(split)_images", labels: "\(split)_labels", groups: "\(split)_groups",
          masks: "\(split)_masks"),
        // Keras' names.
        ArrayNames(
          images: "x_\(split)", labels: "y_\(split)", groups: "groups_\(split)",
          masks: "masks_\(split)"),
      ]
    }
  }
}
