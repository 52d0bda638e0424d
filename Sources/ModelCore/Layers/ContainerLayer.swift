/// A layer that contains lists of layers, whose tensors are also its own.
protocol ContainerLayer: Layer {
  /// The lists, each with the name that precedes the names of its tensors, such as `body`.
  var parts: [(name: String, layers: LayerList)] { get }

  /// The same layer with other lists in the order of `parts`.
  func replacing(_ parts: [LayerList]) -> Self
}

extension ContainerLayer {
  /// Every list takes the layer's input.
  public func parameters(for input: [Int]) -> [ParameterDescription] {
    parts.flatMap { part, layers in
      // This cannot throw: a network asks for parameters only after `outputShape` accepted the
      // input.
      ((try? layers.parameters(for: input)) ?? []).map {
        ParameterDescription("\(part).\($0.name)", $0.shape, $0.role)
      }
    }
  }
}

extension LayerList {
  /// The texts in brackets, as they stand inside the text of another layer.
  var bracketed: String { "[" + texts.joined(separator: "; ") + "]" }
}
