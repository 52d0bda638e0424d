import CTorch

extension Tensor {
  /// This tensor's values as a new variable: results computed from it can be differentiated with
  /// respect to it.
  public var tracked: Tensor { Tensor(owning: ct_tracked(reference)) }

  /// This tensor's values without their history.
  public var detached: Tensor { Tensor(owning: ct_detach(reference)) }

  public var isTracked: Bool { ct_requires_gradient(reference) }

  /// The gradients of this scalar with respect to `variables`, in their shapes; zeros where it does
  /// not depend on one.
  ///
  /// - Parameters:
  ///   - differentiable: keep the gradients' own history, so that they can be differentiated again
  ///     (for penalties on gradients).
  ///   - retainingGraph: keep this scalar's history, so that it, or another result with the same
  ///     history, can be differentiated after it (for several gradients of one forward pass).
  public func gradients(
    of variables: [Tensor], differentiable: Bool = false, retainingGraph: Bool = false
  ) -> [Tensor] {
    precondition(count == 1, "only a scalar has a gradient, the shape is \(shape)")
    var out = [OpaquePointer?](repeating: nil, count: variables.count)
    let inputs = variables.map(\.reference)
    guard ct_gradient(reference, inputs, Int32(inputs.count), differentiable, retainingGraph, &out)
    else {
      Engine.refuse()
    }
    return out.map { Tensor(owning: $0) }
  }

  /// The gradient of this scalar with respect to one variable.
  public func gradient(
    of variable: Tensor, differentiable: Bool = false, retainingGraph: Bool = false
  ) -> Tensor {
    gradients(of: [variable], differentiable: differentiable, retainingGraph: retainingGraph)[0]
  }
}
