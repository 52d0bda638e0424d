import ModelCore
import Support

/// A small network, images on which it was trained briefly, and their labels.
struct TinyModel: CustomStringConvertible {
  let name: String
  let classifier: any Classifier
  let isFrozen: Bool
  /// float32 `[N, 1, 8, 8]` in [0, 1]
  let images: Tensor
  /// int64 `[N]`
  let labels: Tensor

  var description: String { name }

  /// The registered small architectures with 2 and with 100 classes, trained with the seeds 51 to
  /// 54, each followed by its frozen form.
  static let all: [TinyModel] = {
    let cases = [("small", 2), ("small", 100), ("mlp", 2), ("mlp", 100)]
    return cases.enumerated().flatMap { index, model in
      let seed = Seed(UInt64(51 + index))
      let (network, images, labels) = try! trained(model.0, classes: model.1, seed: seed)
      let frozen = try! network.frozen()
      return [
        TinyModel(
          name: "\(model.0) K=\(model.1)", classifier: network, isFrozen: false, images: images,
          labels: labels),
        TinyModel(
          name: "\(model.0) K=\(model.1) frozen", classifier: frozen, isFrozen: true,
          images: images, labels: labels),
      ]
    }
  }()

  /// Trains a network. Each class is a random pattern with noise, and forty steps on a hundred
  /// images are enough to learn most of them.
  private static func trained(_ name: String, classes: Int, seed: Seed) throws -> (
    Network, Tensor, Tensor
  ) {
    let input = InputShape(channels: 1, height: 8, width: 8)
    let network = try Architecture.named(name).network(
      input: input, classNames: (0..<classes).map(String.init), seed: seed.derive("network"))
    let random = RandomSource(seed.derive("images"))
    let patterns = random.uniform([classes] + input.sizes)
    let labels = Tensor(labels: (0..<100).map { $0 % classes })
    let noise = (random.uniform([100] + input.sizes) - 0.5) * 0.4
    let images = (patterns.indexSelect(0, labels) + noise).clamped(to: 0...1)
    let optimizer = Optimizer(.adam(rate: 3e-3, epsilon: 1e-8), for: network)
    for _ in 0..<40 {
      let loss = network.logits(images).crossEntropy(labels).mean()
      optimizer.step(loss.gradients(of: network.learned))
    }
    return (network, images, labels)
  }
}
