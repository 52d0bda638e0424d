import ModelCore

/// The images of a batch that an attack has not finished. Those that are done leave with their last
/// state, so that no work is spent on them; whoever never leaves stays as it was.
struct ActiveImages {
  /// Where the open images stand in the batch, int64 `[M]`.
  private(set) var places: Tensor
  /// The open images as they came, `[M, C, H, W]`.
  private(set) var originals: Tensor
  private(set) var goal: Goal
  /// Their present state, `[M, C, H, W]`.
  var x: Tensor
  /// The whole batch, `[N, C, H, W]`: the last state of those that left, the others as they came.
  private(set) var results: Tensor

  init(_ images: Tensor, _ goal: Goal) {
    places = Tensor.range(images.shape[0], device: images.device)
    originals = images
    self.goal = goal
    x = images
    results = images
  }

  var isEmpty: Bool { places.count == 0 }

  /// Lets the images go for which `done` `[M]` holds.
  /// - Returns: the rows, among those that were open, that stay; nil if all do.
  @discardableResult
  mutating func leave(where done: Tensor) -> Tensor? {
    guard !isEmpty, done.any().isTrue else { return nil }
    let leaving = done.nonzero.reshaped([-1])
    results = results.replacingRows(places.indexSelect(0, leaving), with: x.indexSelect(0, leaving))
    let staying = done.inverted.nonzero.reshaped([-1])
    places = places.indexSelect(0, staying)
    originals = originals.indexSelect(0, staying)
    goal = goal.at(staying)
    x = x.indexSelect(0, staying)
    return staying
  }

  /// Lets all images go.
  mutating func leaveAll() {
    results = isEmpty ? results : results.replacingRows(places, with: x)
    places = places.narrow(0, 0, 0)
  }
}
