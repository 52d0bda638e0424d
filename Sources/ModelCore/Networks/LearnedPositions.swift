/// The learned positions of a network whose input is cut into patches. They belong to one size of
/// pictures.
package struct LearnedPositions {
  /// The name of the tensor `[1, tokens, size]`.
  package let name: String
  /// The number of patches, and of all tokens with them.
  package let patches: Int
  package let tokens: Int
  /// How many numbers a token has.
  package let size: Int
  /// The side of a patch in pixels.
  package let side: Int
}

extension NetworkDescription {
  /// The learned positions among the network's layers; nil if it has none.
  package var learnedPositions: LearnedPositions? {
    // The layers accepted the input when this description was made.
    guard let shapes = try? layers.shapes(from: input.sizes),
      let cut = layers.layers.firstIndex(where: { $0 is Patches }),
      let patches = layers.layers[cut] as? Patches,
      let place = layers.layers.firstIndex(where: { $0 is Positions })
    else { return nil }
    return LearnedPositions(
      name: "\(place).weight", patches: shapes[cut + 1][0], tokens: shapes[place][0],
      size: shapes[place][1], side: patches.size)
  }
}
