extension Layer {
  /// A layer without a rule of its own is known by its interval bounds.
  public func relaxed(_ input: RelaxedValue, _ parameters: LayerParameters) throws -> RelaxedValue {
    try input.bounded { try bounds($0, parameters, .evaluation) }
  }

  /// The layer as an affine function.
  fileprivate func affine(
    _ input: RelaxedValue, _ parameters: LayerParameters, keepsBoxes: Bool = false
  ) throws -> RelaxedValue {
    try input.affine(try bounds(input.bounds, parameters, .evaluation), keepsBoxes: keepsBoxes) {
      apply($0, parameters, .evaluation)
    }
  }
}

extension LinearMap {
  public func relaxed(_ input: RelaxedValue, _ parameters: LayerParameters) throws -> RelaxedValue {
    try affine(input, parameters)
  }
}

extension WeightedLayer {
  public func relaxed(_ input: RelaxedValue, _ parameters: LayerParameters) throws -> RelaxedValue {
    let weight = parameters["weight"]
    return input.weighted(
      try bounds(input.bounds, parameters, .evaluation),
      squared: { product($0, weight.square, bias: nil) },
      { apply($0, parameters, .evaluation) })
  }
}

extension Flatten {
  public func relaxed(_ input: RelaxedValue, _ parameters: LayerParameters) throws -> RelaxedValue {
    try affine(input, parameters, keepsBoxes: true)
  }
}

extension Normalize {
  public func relaxed(_ input: RelaxedValue, _ parameters: LayerParameters) throws -> RelaxedValue {
    try affine(input, parameters, keepsBoxes: true)
  }
}

extension StoredNormalization {
  public func relaxed(_ input: RelaxedValue, _ parameters: LayerParameters) throws -> RelaxedValue {
    try affine(input, parameters, keepsBoxes: true)
  }
}

extension BatchNormalization {
  /// With the statistics fixed, the layer is x·scale + shift for each channel.
  public func relaxed(_ input: RelaxedValue, _ parameters: LayerParameters) throws -> RelaxedValue {
    let (scale, shift) = boundsScale(parameters)
    let shape = [1, -1] + [Int](repeating: 1, count: input.bounds.center.rank - 2)
    let interval = try bounds(input.bounds, parameters, .evaluation)
    return try input.affine(interval, keepsBoxes: true) {
      $0 * scale.reshaped(shape) + shift.reshaped(shape)
    }
  }
}

extension Relu {
  public func relaxed(_ input: RelaxedValue, _ parameters: LayerParameters) throws -> RelaxedValue {
    try input.mapped(
      bent: RelaxationLines.hasBothSigns, by: { .relu($0) },
      to: { try bounds($0, parameters, .evaluation) })
  }
}

extension LeakyRelu {
  public func relaxed(_ input: RelaxedValue, _ parameters: LayerParameters) throws -> RelaxedValue {
    // With another slope, the function does not rise everywhere or is not convex.
    guard 0...1 ~= slope else {
      return try input.bounded { try bounds($0, parameters, .evaluation) }
    }
    return try input.mapped(
      bent: RelaxationLines.hasBothSigns, by: { .relu($0, slope: slope) },
      to: { try bounds($0, parameters, .evaluation) })
  }
}

extension Sigmoid {
  public func relaxed(_ input: RelaxedValue, _ parameters: LayerParameters) throws -> RelaxedValue {
    try input.mapped(
      by: RelaxationLines.sigmoid, to: { try bounds($0, parameters, .evaluation) })
  }
}

extension Tanh {
  public func relaxed(_ input: RelaxedValue, _ parameters: LayerParameters) throws -> RelaxedValue {
    try input.mapped(
      by: RelaxationLines.tanh, to: { try bounds($0, parameters, .evaluation) })
  }
}

extension Elu {
  public func relaxed(_ input: RelaxedValue, _ parameters: LayerParameters) throws -> RelaxedValue {
    try input.mapped(
      by: RelaxationLines.elu, to: { try bounds($0, parameters, .evaluation) })
  }
}

extension Softplus {
  public func relaxed(_ input: RelaxedValue, _ parameters: LayerParameters) throws -> RelaxedValue {
    try input.mapped(
      by: RelaxationLines.softplus, to: { try bounds($0, parameters, .evaluation) })
  }
}

extension MaxPooling {
  public func relaxed(_ input: RelaxedValue, _ parameters: LayerParameters) throws -> RelaxedValue {
    input.pooled(window, try bounds(input.bounds, parameters, .evaluation))
  }
}

extension Residual {
  public func relaxed(_ input: RelaxedValue, _ parameters: LayerParameters) throws -> RelaxedValue {
    let a = try body.relaxed(input, parameters.part("body"))
    let b = try shortcut.relaxed(input, parameters.part("shortcut"))
    let sum = Bounds(
      around: a.bounds.center + b.bounds.center, by: a.bounds.radius + b.bounds.radius)
    return .affine([a, b], sum) { $0[0] + $0[1] }
  }
}

extension Concatenation {
  public func relaxed(_ input: RelaxedValue, _ parameters: LayerParameters) throws -> RelaxedValue {
    let added = try body.relaxed(input, parameters.part("body"))
    func joined(_ values: [Tensor]) -> Tensor { Tensor.concatenate(values, along: 1) }
    let bounds = Bounds(
      around: joined([input.bounds.center, added.bounds.center]),
      by: joined([input.bounds.radius, added.bounds.radius]))
    return .affine([input, added], bounds) { joined($0) }
  }
}

extension LayerList {
  /// The layers one after the other.
  public func relaxed(_ input: RelaxedValue, _ parameters: LayerParameters) throws -> RelaxedValue {
    try layers.indices.reduce(input) {
      try layers[$1].relaxed($0, parameters.part("\($1)"))
    }
  }

  /// Layers that have no parameters.
  package func relaxedWithoutParameters(_ input: RelaxedValue) throws -> RelaxedValue {
    try relaxed(input, LayerParameters(tensors: [:]))
  }
}

extension Network {
  public func relaxed(_ input: RelaxedValue) throws -> RelaxedValue {
    try relaxed(input, batches: nil)
  }

  /// The network with the statistics of recorded batches, as for interval bounds.
  package func relaxed(_ input: RelaxedValue, batches: NormalizedBatches?) throws -> RelaxedValue {
    try description.layers.relaxed(input, parameters(batches: batches))
  }
}
