import CTorch

/// Shape, indexing and reductions. Dimensions count from 0, and negative ones from the end.
extension Tensor {
  /// The same elements in row-major order in another shape; one size may be −1 and follows from the
  /// others.
  public func reshaped(_ shape: [Int]) -> Tensor {
    Tensor(owning: ct_reshape(reference, shape.sizes, Int32(shape.count)))
  }

  /// This tensor in a larger shape, in which its dimensions of size 1 are repeated.
  public func expanded(_ shape: [Int]) -> Tensor {
    Tensor(owning: ct_expand(reference, shape.sizes, Int32(shape.count)))
  }

  /// This tensor with its dimensions in another order.
  public func permuted(_ order: [Int]) -> Tensor {
    Tensor(owning: ct_permute(reference, order.sizes, Int32(order.count)))
  }

  /// The matrix with rows and columns exchanged.
  public var transposed: Tensor { permuted([1, 0]) }

  /// This tensor with its elements in reverse order along some dimensions.
  public func flipped(_ dimensions: [Int]) -> Tensor {
    Tensor(owning: ct_flip(reference, dimensions.sizes, Int32(dimensions.count)))
  }

  /// This tensor with each element moved by `shifts` places along some dimensions. What leaves at
  /// one end enters at the other.
  public func rolled(_ shifts: [Int], _ dimensions: [Int]) -> Tensor {
    Tensor(
      owning: ct_roll(reference, shifts.sizes, dimensions.sizes, Int32(dimensions.count)))
  }

  /// This tensor with all dimensions after the first joined: `[N, …]` → `[N, D]`.
  public var flattened: Tensor { reshaped([shape[0], -1]) }

  /// The part of `length` indices from `start` along a dimension, which stays.
  public func narrow(_ dimension: Int, _ start: Int, _ length: Int) -> Tensor {
    Tensor(owning: ct_narrow(reference, Int32(dimension), Int64(start), Int64(length)))
  }

  /// The part at one index of a dimension, which is removed.
  public func select(_ dimension: Int, _ index: Int) -> Tensor {
    Tensor(owning: ct_select(reference, Int32(dimension), Int64(index)))
  }

  /// The parts at several `indices` (int64 `[M]`) of a dimension, which then has size M.
  public func indexSelect(_ dimension: Int, _ indices: Tensor) -> Tensor {
    Tensor(owning: ct_index_select(reference, Int32(dimension), indices.reference))
  }

  /// The elements at `indices` along a dimension, as PyTorch's `gather`. `indices` has as many
  /// dimensions as this tensor, and the result has the shape of `indices`.
  public func gather(_ dimension: Int, _ indices: Tensor) -> Tensor {
    Tensor(owning: ct_gather(reference, Int32(dimension), indices.reference))
  }

  /// A copy of this tensor in which the elements at `indices` along a dimension are `values`, as
  /// PyTorch's `scatter`.
  public func scattering(_ dimension: Int, _ indices: Tensor, _ values: Tensor) -> Tensor {
    Tensor(owning: ct_scatter(reference, Int32(dimension), indices.reference, values.reference))
  }

  /// The indices of all elements that are not zero: int64 `[count, rank]`.
  public var nonzero: Tensor { Tensor(owning: ct_nonzero(reference)) }

  /// The parts along dimension 0 for which `condition` (bool `[N]`) is true.
  public func rows(where condition: Tensor) -> Tensor {
    indexSelect(0, condition.nonzero.reshaped([-1]))
  }

  /// Labels `[N]` as one-hot rows, float32 `[N, classes]`: 1 at the label, 0 elsewhere.
  public func oneHot(classes: Int) -> Tensor {
    Tensor(owning: ct_one_hot(reference, Int64(classes)))
  }

  /// Tensors joined along a dimension that they have.
  public static func concatenate(_ tensors: [Tensor], along dimension: Int = 0) -> Tensor {
    Tensor(owning: ct_cat(tensors.map(\.reference), Int32(tensors.count), Int32(dimension)))
  }

  /// Tensors of equal shape joined along a new dimension.
  public static func stack(_ tensors: [Tensor], along dimension: Int = 0) -> Tensor {
    Tensor(owning: ct_stack(tensors.map(\.reference), Int32(tensors.count), Int32(dimension)))
  }

  private func reduce(_ operation: ct_reduction, _ dimensions: [Int], _ keep: Bool) -> Tensor {
    Tensor(
      owning: ct_reduce(
        Int32(operation.rawValue), reference, dimensions.sizes, Int32(dimensions.count), keep))
  }

  // Reductions over some dimensions, or over all dimensions if none is given. With `keep`, reduced
  // dimensions stay with size 1.
  public func sum(_ dimensions: [Int] = [], keep: Bool = false) -> Tensor {
    reduce(ct_sum, dimensions, keep)
  }
  public func mean(_ dimensions: [Int] = [], keep: Bool = false) -> Tensor {
    reduce(ct_mean, dimensions, keep)
  }
  public func max(_ dimensions: [Int] = [], keep: Bool = false) -> Tensor {
    reduce(ct_amax, dimensions, keep)
  }
  public func min(_ dimensions: [Int] = [], keep: Bool = false) -> Tensor {
    reduce(ct_amin, dimensions, keep)
  }
  public func all(_ dimensions: [Int] = [], keep: Bool = false) -> Tensor {
    reduce(ct_all, dimensions, keep)
  }
  public func any(_ dimensions: [Int] = [], keep: Bool = false) -> Tensor {
    reduce(ct_any, dimensions, keep)
  }

  /// The index of the largest element along a dimension, int64; of several equal ones, the first.
  public func argmax(_ dimension: Int, keep: Bool = false) -> Tensor {
    Tensor(owning: ct_argmax(reference, Int32(dimension), keep))
  }

  /// The index of the smallest element along a dimension, int64; of several equal ones, the first.
  public func argmin(_ dimension: Int, keep: Bool = false) -> Tensor {
    Tensor(owning: ct_argmin(reference, Int32(dimension), keep))
  }

  /// Running sums along a dimension.
  public func cumulativeSum(_ dimension: Int) -> Tensor {
    Tensor(owning: ct_cumsum(reference, Int32(dimension)))
  }

  /// The `k` largest elements along a dimension, largest first, and their indices.
  public func topK(_ k: Int, _ dimension: Int) -> (values: Tensor, indices: Tensor) {
    var values: OpaquePointer?
    var indices: OpaquePointer?
    guard ct_topk(reference, Int64(k), Int32(dimension), &values, &indices) else { Engine.refuse() }
    return (Tensor(owning: values), Tensor(owning: indices))
  }
}
