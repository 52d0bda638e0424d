import ModelCore

/// The active images of a batch: those that an attack still works on.
///
/// An image that is done leaves with its present state, so that no more work is spent on it. Images
/// that never leave keep their original values in `results`.
struct ActiveImages {
  /// The index of each active image in the batch, int64 `[M]`.
  private(set) var places: Tensor
  /// The active images before the attack, `[M, …]`.
  private(set) var originals: Tensor
  private(set) var goal: Goal
  /// The random numbers of the active images.
  private(set) var draws: ExampleDraws
  /// The active images in their present state, `[M, …]`.
  var x: Tensor
  /// The whole batch, `[N, …]`: the images that have left as they left, and the others unchanged.
  private(set) var results: Tensor

  init(_ images: Tensor, _ goal: Goal, _ draws: ExampleDraws) {
    places = Tensor.range(images.shape[0], device: images.device)
    originals = images
    self.goal = goal
    self.draws = draws
    x = images
    results = images
  }

  var isEmpty: Bool { places.count == 0 }

  /// Removes the images for which `done` `[M]` holds.
  /// - Parameter state: the values with which they leave, `[M, …]`; nil for those in `x`.
  /// - Returns: the indices, among the images that were active, of those that remain; nil if no
  ///   image left.
  @discardableResult
  mutating func leave(where done: Tensor, as state: Tensor? = nil) -> Tensor? {
    guard !isEmpty, done.any().isTrue else { return nil }
    let leaving = done.nonzero.reshaped([-1])
    results = results.replacingRows(
      places.indexSelect(0, leaving), with: (state ?? x).indexSelect(0, leaving))
    let staying = done.inverted.nonzero.reshaped([-1])
    places = places.indexSelect(0, staying)
    originals = originals.indexSelect(0, staying)
    goal = goal.at(staying)
    draws = draws.rows(staying)
    x = x.indexSelect(0, staying)
    return staying
  }

  /// Removes all images.
  /// - Parameter state: the values with which they leave, `[M, …]`; nil for those in `x`.
  mutating func leaveAll(as state: Tensor? = nil) {
    results = isEmpty ? results : results.replacingRows(places, with: state ?? x)
    places = places.narrow(0, 0, 0)
  }
}

extension Tensor {
  /// This tensor with the rows (along dimension 0) at `indices` replaced.
  func replacingRows(_ indices: Tensor, with rows: Tensor) -> Tensor {
    let wide = indices.reshaped([-1] + [Int](repeating: 1, count: rank - 1)).expanded(rows.shape)
    return scattering(0, wide, rows)
  }
}
