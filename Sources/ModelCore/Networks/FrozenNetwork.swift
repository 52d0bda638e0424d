import Support

extension Network {
  /// The same function as this network in evaluation, in the form that is fastest to evaluate and
  /// to attack: each batch normalisation and each layer scale is folded into the layer before it,
  /// dropout is removed, and the weights are constants.
  ///
  /// The logits agree with those of this network up to rounding. One that does not follow a
  /// convolution or a linear layer stays as it is. Later changes of this network do
  /// not change the frozen one.
  public func frozen() throws -> Network {
    let (layers, tensors) = withoutGradients { fold(description.layers, prefix: "") }
    let described = try NetworkDescription(
      input: description.input, layers: layers, classNames: description.classNames,
      valueRange: description.valueRange)
    return try Network(described, tensors: tensors, device: device, learns: false)
  }

  /// This network with layers without parameters before it, which inputs pass through first.
  /// - Throws: `Failure.badData` if a layer has parameters, or if the layers change the input
  ///   shape.
  public func preceded(by layers: LayerList) throws -> Network {
    guard !layers.layers.isEmpty else { return self }
    let before = try layers.shapes(from: inputShape.sizes)
    for (layer, shape) in zip(layers.layers, before) where !layer.parameters(for: shape).isEmpty {
      throw Failure.badData(
        "the layer '\(layer.text)' has parameters that must be trained; only layers without "
          + "parameters can be put before a network")
    }
    guard before.last == inputShape.sizes else {
      throw Failure.badData(
        "the layers before a network must keep the input shape \(inputShape); "
          + "\(layers.texts.joined(separator: "; ")) give \(before.last ?? [])")
    }
    let described = try NetworkDescription(
      input: description.input, layers: LayerList(layers.layers + description.layers.layers),
      classNames: description.classNames, valueRange: description.valueRange)
    let moved = state().map { name, tensor in
      let parts = name.split(separator: ".", maxSplits: 1)
      return ("\((Int(parts[0]) ?? 0) + layers.layers.count).\(parts[1])", tensor)
    }
    return try Network(described, tensors: Dictionary(uniqueKeysWithValues: moved), device: device)
  }

  /// The layers in frozen form, and their tensors by their new names.
  /// - Parameter prefix: what precedes the names of the layers' tensors in this network.
  private func fold(_ list: LayerList, prefix: String) -> (LayerList, [String: Tensor]) {
    var layers: [any Layer] = []
    var tensors: [String: Tensor] = [:]
    for (index, layer) in list.layers.enumerated() {
      let source = "\(prefix)\(index)."
      let target = "\(layers.count)."
      switch layer {
      case is Dropout, is StochasticDepth:
        continue
      case let norm as BatchNormalization:
        if let last = layers.last?.withBias {
          layers[layers.count - 1] = last
          let (scale, shift) = affine(norm, source)
          scaleLast(&tensors, at: "\(layers.count - 1).", by: scale, plus: shift)
          continue
        }
        layers.append(norm)
        copy(source, to: target, in: &tensors)
      case is LayerScale where layers.last?.withBias != nil:
        let factors = self[source + "weight"].to(.float64)
        let last = "\(layers.count - 1)."
        let hasBias = tensors[last + "bias"] != nil
        scaleLast(&tensors, at: last, by: factors, plus: factors * 0)
        if !hasBias { tensors[last + "bias"] = nil }
      case let container as any ContainerLayer:
        let parts = container.parts.map { fold($0.layers, prefix: "\(source)\($0.name).") }
        layers.append(container.replacing(parts.map(\.0)))
        for ((part, _), (_, folded)) in zip(container.parts, parts) {
          for (name, tensor) in folded { tensors["\(target)\(part).\(name)"] = tensor }
        }
      default:
        layers.append(layer)
        copy(source, to: target, in: &tensors)
      }
    }
    return (LayerList(layers), tensors)
  }

  /// Scale and shift of each channel, with which a batch normalisation in evaluation is
  /// x·scale + shift: scale = weight / √(running variance + ε), shift = bias − running mean·scale.
  /// Computed in float64, so that folding rounds only once.
  private func affine(_ norm: BatchNormalization, _ prefix: String) -> (
    scale: Tensor, shift: Tensor
  ) {
    let deviation = (self[prefix + "running_var"].to(.float64) + norm.epsilon).squareRoot
    let scale = self[prefix + "weight"].to(.float64) / deviation
    let shift =
      self[prefix + "bias"].to(.float64) - self[prefix + "running_mean"].to(.float64) * scale
    return (scale, shift)
  }

  /// Folds y·scale + shift into the layer that computes y = W·x + b: its weight becomes scale·W,
  /// row by row, and its bias b·scale + shift.
  private func scaleLast(
    _ tensors: inout [String: Tensor], at prefix: String, by scale: Tensor, plus shift: Tensor
  ) {
    guard let weight = tensors[prefix + "weight"] else { return }
    let perOutput = scale.reshaped([-1] + [Int](repeating: 1, count: weight.rank - 1))
    tensors[prefix + "weight"] = (weight.to(.float64) * perOutput).to(.float32)
    let bias = tensors[prefix + "bias"].map { $0.to(.float64) * scale + shift } ?? shift
    tensors[prefix + "bias"] = bias.to(.float32)
  }

  private func copy(_ source: String, to target: String, in tensors: inout [String: Tensor]) {
    for name in names where name.hasPrefix(source) {
      tensors[target + name.dropFirst(source.count)] = self[name].detached
    }
  }
}

extension Layer {
  /// The same layer with a bias, or nil if a batch normalisation cannot be folded into it.
  fileprivate var withBias: (any Layer)? {
    switch self {
    case let layer as Convolution:
      Convolution(layer.outputs, layer.window, groups: layer.groups)
    case let layer as Linear: Linear(layer.outputs)
    default: nil
    }
  }
}
