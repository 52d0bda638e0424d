import Datasets
import Defenses
import ModelCore
import Support

/// The codes that a trained autoencoder (`VariationalAutoencoder`) gives to pictures, and classifiers
/// of pictures that are made of its encoder and a network that takes the codes.
struct PictureCodes {
  /// The whole autoencoder, from a picture to the drawn picture.
  let autoencoder: Network

  private static let encoder = 0..<VariationalAutoencoder.encoderLayers

  init(_ autoencoder: Network) { self.autoencoder = autoencoder }

  /// The codes of pictures `[N, C, H, W]`: their means, `[N, L]`.
  func encode(_ pictures: Tensor) -> Tensor {
    withoutGradients {
      autoencoder.forward(pictures.to(autoencoder.device), .evaluation, layers: Self.encoder)
    }
  }

  /// The pictures that the decoder draws from codes `[N, L]`: `[N, C, H, W]`.
  func draw(_ codes: Tensor) -> Tensor {
    let layers = autoencoder.description.layers.layers.count
    let drawn = withoutGradients {
      autoencoder.forward(
        codes.to(autoencoder.device), .evaluation, layers: Self.encoder.upperBound..<layers)
    }
    return drawn.reshaped([codes.shape[0]] + autoencoder.inputShape.sizes)
  }

  /// The codes of labelled pictures as the rows of a table, with their labels and groups. The value
  /// range is the smallest one around 0 that contains them all and ends with whole numbers.
  /// - Parameter seed: nil for the means. Otherwise each code is drawn from the normal distribution
  ///   with the mean and the variance that the encoder gives to it. A code that the autoencoder does
  ///   not use has the variance 1 and is noise then. Its means are all near 0, so that a network that
  ///   learns from means could have any gradient in it at no cost.
  func table(
    of pictures: LabelledImages, drawnFrom seed: Seed? = nil, _ evaluator: Evaluator
  ) throws -> LabelledImages {
    let codes = Tensor.concatenate(
      evaluator.batches(pictures.count).map { range in
        let batch = pictures.batch(range)
        guard let seed else { return encode(batch.images).to(.cpu) }
        return draw(at: batch.images, ExampleDraws(seed, examples: batch.places)).to(.cpu)
      })
    let most = max(1, codes.absolute.max().scalar.rounded(.up))
    return try LabelledImages(
      name: "codes of \(pictures.name)", classNames: pictures.classNames, pixels: codes,
      labels: pictures.labels.int64s(), groups: pictures.annotations.groups?.int64s(),
      groupNames: pictures.groupNames, valueRange: -most...most
    ).naming(features: (1...codes.shape[1]).map { "code \($0)" })
  }

  /// Codes that are drawn for pictures.
  private func draw(at pictures: Tensor, _ draws: ExampleDraws) -> Tensor {
    // moments [N, 2·L]; the result [N, L]
    let moments = withoutGradients {
      autoencoder.forward(
        pictures.to(autoencoder.device), .evaluation, layers: 0..<Self.encoder.upperBound - 1)
    }.to(.cpu)
    let count = moments.shape[1] / 2
    let deviation = (moments.narrow(1, count, count) * 0.5).exponential
    return moments.narrow(1, 0, count) + deviation * draws.normal([count])
  }

  /// The classifier of pictures that encodes them and gives the codes to another network.
  func classifier(_ head: Network) throws -> Network {
    let (own, after) = (autoencoder.description.layers, head.description.layers)
    let description = try NetworkDescription(
      input: autoencoder.inputShape,
      layers: LayerList(Array(own.layers[Self.encoder]) + after.layers),
      classNames: head.description.classNames, valueRange: autoencoder.valueRange)
    var tensors: [String: Tensor] = [:]
    for (name, tensor) in autoencoder.state() {
      if let place = Self.place(name), Self.encoder.contains(place) { tensors[name] = tensor }
    }
    for (name, tensor) in head.state() {
      tensors[Self.moved(name, by: Self.encoder.count)] = tensor
    }
    return try Network(description, tensors: tensors, device: head.device)
  }

  /// The network that takes the codes in a classifier that `classifier(_:)` made.
  /// - Parameter valueRange: the range of values of the codes.
  func head(of classifier: Network, valueRange: ClosedRange<Double>) throws -> Network {
    let layers = classifier.description.layers.layers
    let codes = try classifier.description.layers.shapes(from: classifier.inputShape.sizes)
    let description = try NetworkDescription(
      input: InputShape(features: codes[Self.encoder.count][0]),
      layers: LayerList(Array(layers[Self.encoder.count...])),
      classNames: classifier.description.classNames, valueRange: valueRange)
    var tensors: [String: Tensor] = [:]
    for (name, tensor) in classifier.state() {
      guard let place = Self.place(name), !Self.encoder.contains(place) else { continue }
      tensors[Self.moved(name, by: -Self.encoder.count)] = tensor
    }
    return try Network(description, tensors: tensors, device: classifier.device)
  }

  /// The place of the layer that a tensor such as `3.weight` belongs to.
  private static func place(_ name: String) -> Int? {
    name.split(separator: ".").first.flatMap { Int($0) }
  }

  private static func moved(_ name: String, by distance: Int) -> String {
    let parts = name.split(separator: ".", maxSplits: 1)
    return "\((place(name) ?? 0) + distance).\(parts[1])"
  }
}
