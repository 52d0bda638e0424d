import CTorch

/// Shape, indexing and reductions. Dimensions count from 0; negative ones from the end.
extension Tensor {
  public func reshaped(_ shape: [Int]) -> Tensor {
    Tensor(owning: ct_reshape(reference, shape.sizes, Int32(shape.count)))
  }

  public func expanded(_ shape: [Int]) -> Tensor {
    Tensor(owning: ct_expand(reference, shape.sizes, Int32(shape.count)))
  }

  public func permuted(_ order: [Int]) -> Tensor {
    Tensor(owning: ct_permute(reference, order.sizes, Int32(order.count)))
  }

  /// The matrix with rows and columns exchanged.
  public var transposed: Tensor { permuted([1, 0]) }

  public func flipped(_ dimensions: [Int]) -> Tensor {
    Tensor(owning: ct_flip(reference, dimensions.sizes, Int32(dimensions.count)))
  }

  /// All dimensions after the first as one: `[N, …]` to `[N, D]`.
  public var flattened: Tensor { reshaped([shape[0], -1]) }

  public func narrow(_ dimension: Int, _ start: Int, _ length: Int) -> Tensor {
    Tensor(owning: ct_narrow(reference, Int32(dimension), Int64(start), Int64(length)))
  }

  public func select(_ dimension: Int, _ index: Int) -> Tensor {
    Tensor(owning: ct_select(reference, Int32(dimension), Int64(index)))
  }

  public func indexSelect(_ dimension: Int, _ indices: Tensor) -> Tensor {
    Tensor(owning: ct_index_select(reference, Int32(dimension), indices.reference))
  }

  /// The elements at `indices` along a dimension; `indices` has this tensor's rank.
  public func gather(_ dimension: Int, _ indices: Tensor) -> Tensor {
    Tensor(owning: ct_gather(reference, Int32(dimension), indices.reference))
  }

  /// This tensor with the elements at `indices` along a dimension replaced by `values`.
  public func scattering(_ dimension: Int, _ indices: Tensor, _ values: Tensor) -> Tensor {
    Tensor(owning: ct_scatter(reference, Int32(dimension), indices.reference, values.reference))
  }

  /// The places of all non-zero elements: int64 `[count, rank]`.
  public var nonzero: Tensor { Tensor(owning: ct_nonzero(reference)) }

  /// The rows (along dimension 0) where a tensor of truth values `[N]` holds.
  public func rows(where condition: Tensor) -> Tensor {
    indexSelect(0, condition.nonzero.reshaped([-1]))
  }

  /// Labels `[N]` as float rows with a single one: `[N, classes]`.
  public func oneHot(classes: Int) -> Tensor {
    Tensor(owning: ct_one_hot(reference, Int64(classes)))
  }

  public static func concatenate(_ tensors: [Tensor], along dimension: Int = 0) -> Tensor {
    Tensor(owning: ct_cat(tensors.map(\.reference), Int32(tensors.count), Int32(dimension)))
  }

  public static func stack(_ tensors: [Tensor], along dimension: Int = 0) -> Tensor {
    Tensor(owning: ct_stack(tensors.map(\.reference), Int32(tensors.count), Int32(dimension)))
  }

  private func reduce(_ operation: ct_reduction, _ dimensions: [Int], _ keep: Bool) -> Tensor {
    Tensor(
      owning: ct_reduce(
        Int32(operation.rawValue), reference, dimensions.sizes, Int32(dimensions.count), keep))
  }

  // Reductions over the dimensions given; over all of them when none is given.
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

  /// The index of the largest element along a dimension; the first of equals.
  public func argmax(_ dimension: Int, keep: Bool = false) -> Tensor {
    Tensor(owning: ct_argmax(reference, Int32(dimension), keep))
  }

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
