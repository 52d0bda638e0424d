import Support

/// Numbers of a batch, split into the part that some inputs contribute and the part that all other
/// inputs contribute (contextual decomposition). The sum of both parts is the number itself.
///
/// The input x is split by a share s, from 0 to 1 for each feature, into s ⊙ x and (1 − s) ⊙ x.
/// Layers then pass both parts on:
///
/// - W·x + b: each part passes through W, and the bias is divided in proportion to the magnitudes
///   of the results. Where both are 0, the bias goes to neither part, as in the published code, and
///   the parts no longer add up to the output.
/// - ReLU: relevant′ = relu(relevant), irrelevant′ = relu(relevant + irrelevant) − relevant′.
/// - Maximum pooling: both parts come from the place where their sum is largest.
///
/// Sources: W. J. Murdoch, P. Liu and B. Yu (2018); C. Singh, W. J. Murdoch and B. Yu (2019), for
/// convolutions.
public struct Contributions: Sendable {
  /// The contribution of the chosen inputs, `[N, …]`.
  public let relevant: Tensor
  /// The contribution of all other inputs, in the same shape.
  public let irrelevant: Tensor

  public init(relevant: Tensor, irrelevant: Tensor) {
    self.relevant = relevant
    self.irrelevant = irrelevant
  }

  /// The numbers themselves.
  public var sum: Tensor { relevant + irrelevant }

  /// Both parts after a function that adds nothing to them.
  func mapped(_ function: (Tensor) throws -> Tensor) rethrows -> Contributions {
    Contributions(relevant: try function(relevant), irrelevant: try function(irrelevant))
  }

  /// Both parts with a bias divided between them in proportion to their magnitudes.
  /// - Parameter bias: one number for each channel, `[C]`; nil for none.
  func sharing(_ bias: Tensor?) -> Contributions {
    guard let bias else { return self }
    // relevant, irrelevant [N, C], [N, C, H, W], or [N, T, C] for tokens. The small summand prevents
    // 0 / 0.
    let perChannel =
      relevant.rank == 3
      ? bias : bias.reshaped([1, -1] + [Int](repeating: 1, count: relevant.rank - 2))
    let total = relevant.absolute + irrelevant.absolute + 1e-19
    return mapped { $0 + $0.absolute / total * perChannel }
  }

  /// Both parts after an activation f with f(0) = 0: the relevant part becomes f(relevant), and the
  /// other part is the rest.
  func activated(_ function: (Tensor) -> Tensor) -> Contributions {
    let own = function(relevant)
    return Contributions(relevant: own, irrelevant: function(sum) - own)
  }
}

extension Layer {
  /// Refuses to divide the outputs. Layers with a rule for it implement this requirement.
  public func contributions(
    _ inputs: Contributions, _ parameters: LayerParameters, _ pass: Pass
  ) throws -> Contributions {
    throw Failure.badData(
      "the layer '\(text)' has no rule for contextual decomposition",
      hint: "the rules are defined for linear, conv, batchnorm, relu, leakyrelu, relu6, pooling, "
        + "flatten, residual, concat, dropout, stochasticdepth, normalize, storednormalize, bgr, "
        + "padchannels, pad, layerscale, patches, token, transpose and mergepatches")
  }
}

/// A layer that is a linear map without a bias. Each part of the input passes through it by itself.
protocol LinearMap: Layer {}

extension LinearMap {
  public func contributions(
    _ inputs: Contributions, _ parameters: LayerParameters, _ pass: Pass
  ) throws -> Contributions {
    inputs.mapped { apply($0, parameters, pass) }
  }
}

extension LayerList {
  /// The contributions to the outputs of all layers.
  /// - Throws: `Failure.badData` that names a layer without a rule.
  func contributions(
    _ inputs: Contributions, _ parameters: LayerParameters, _ pass: Pass
  ) throws -> Contributions {
    try layers.indices.reduce(inputs) {
      try layers[$1].contributions($0, parameters.part("\($1)"), pass)
    }
  }
}

extension Network {
  /// The contributions of chosen features to the logits, `[N, K]` each.
  ///
  /// Running statistics do not change. In a pass with batch statistics, batch normalisation uses
  /// those of the sum of both parts.
  /// - Parameters:
  ///   - images: `[N, C, H, W]` or `[N, D]`.
  ///   - shares: the share of each feature that counts as chosen, from 0 to 1, in the same shape.
  /// - Throws: `Failure.badData` that names a layer without a rule.
  public func contributions(
    of images: Tensor, where shares: Tensor, _ pass: Pass = .evaluation
  ) throws -> Contributions {
    let chosen = images * shares
    return try description.layers.contributions(
      Contributions(relevant: chosen, irrelevant: images - chosen), parameters(),
      pass.withoutUpdates)
  }

  /// Checks that all layers have a rule for contextual decomposition.
  /// - Throws: `Failure.badData` that names a layer without one.
  public func checkContributions() throws {
    let input = Tensor.zeros([1] + inputShape.sizes, device: device)
    _ = try withoutGradients { try contributions(of: input, where: input) }
  }
}
