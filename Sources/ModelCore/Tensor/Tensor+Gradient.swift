import CTorch

extension Tensor {
  /// A new variable with this tensor's values. Results computed from it can be differentiated with
  /// respect to it.
  public var tracked: Tensor { Tensor(owning: ct_tracked(reference)) }

  /// This tensor's values as a constant: gradients do not flow back through it.
  public var detached: Tensor { Tensor(owning: ct_detach(reference)) }

  /// Whether gradients flow back through this tensor.
  public var isTracked: Bool { ct_requires_gradient(reference) }

  /// The gradients of this scalar with respect to `variables`, in the shapes of the variables. The
  /// gradient with respect to a variable that this scalar does not depend on is zero.
  ///
  ///     let x = images.tracked
  ///     let gradient = loss(network.logits(x)).gradient(of: x)
  ///
  /// - Parameters:
  ///   - differentiable: whether the gradients can be differentiated again, as a penalty on
  ///     gradients requires.
  ///   - retainingGraph: whether the recorded operations are kept, so that this scalar, or another
  ///     result of the same forward pass, can be differentiated again.
  /// - Precondition: this tensor has one element.
  public func gradients(
    of variables: [Tensor], differentiable: Bool = false, retainingGraph: Bool = false
  ) -> [Tensor] {
    precondition(count == 1, "only a scalar has a gradient; found shape \(shape)")
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
