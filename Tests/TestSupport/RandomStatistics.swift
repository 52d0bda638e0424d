import ModelCore
import Support

extension Network {
  /// A copy of this network with random numbers in the tensors that start as constants: running
  /// means and biases from N(0, 0.5²), running variances and weights of batch normalisation from
  /// U(0.5, 2).
  public func withRandomStatistics(seed: Seed) throws -> Network {
    let random = RandomSource(seed)
    let tensors = state().map { name, tensor -> (String, Tensor) in
      let isScale = name.hasSuffix("running_var") || (name.hasSuffix(".weight") && tensor.rank == 1)
      if isScale { return (name, random.uniform(tensor.shape, in: 0.5..<2)) }
      if name.hasSuffix("running_mean") || name.hasSuffix(".bias") {
        return (name, random.normal(tensor.shape) * 0.5)
      }
      return (name, tensor)
    }
    return try Network(description, tensors: Dictionary(uniqueKeysWithValues: tensors))
  }
}
