import ModelCore
import Support
import TestSupport
import Testing

@Suite("JPEG compression before a network")
struct JPEGCompressionTests {
  private func network(_ layers: [String], channels: Int = 1, side: Int = 16) throws -> Network {
    let shape = InputShape(channels: channels, height: side, width: side)
    let description = try NetworkDescription(
      input: shape, layers: LayerList(layers), classNames: ["a", "b", "c"])
    return try Network(description, initialization: .kaimingUniform, seed: Seed(5))
  }

  /// The images after compression at a quality, as the logits of a network of that layer alone.
  private func passing(_ quality: Int, _ images: Tensor) throws -> Tensor {
    let list = try LayerList(["jpeg \(quality)"])
    let size = images.shape[1...].reduce(1, *)
    let names = (0..<size).map(String.init)
    let description = try NetworkDescription(
      input: InputShape(channels: images.shape[1], height: images.shape[2], width: images.shape[3]),
      layers: LayerList(list.texts + ["flatten"]), classNames: names)
    let network = try Network(description, initialization: .kaimingUniform, seed: Seed(1))
    return network.logits(images).reshaped(images.shape)
  }

  private func waves(_ channels: Int, count: Int = 3) -> Tensor {
    let values = (0..<count * channels * 256).map { place in
      let (y, x) = (place / 16 % 16, place % 16)
      return Float((x * (1 + place / 256) + 2 * y) % 32) / 31
    }
    return Tensor(values, shape: [count, channels, 16, 16])
  }

  @Test(
    "at any quality, a flat picture changes by one level at most", arguments: [1, 50, 100], [1, 3])
  func flat(_ quality: Int, _ channels: Int) throws {
    let images = Tensor.full(128.0 / 255, shape: [2, channels, 16, 16])
    let change = (try passing(quality, images) - images).absolute.max().scalar
    #expect(change <= 1.01 / 255)
  }

  @Test("the higher the quality, the smaller the loss", arguments: [1, 3])
  func quality(_ channels: Int) throws {
    let images = waves(channels)
    let losses = try [5, 30, 75, 100].map {
      (try passing($0, images) - images).square.mean().scalar
    }
    // JPEG stores colour at half the resolution whatever the quality, so a picture with fine
    // colour structure always loses something.
    #expect(zip(losses, losses.dropFirst()).allSatisfy { $0 > $1 }, "\(losses)")
    #expect(losses[3] > 0 && losses[0] > (channels == 1 ? 3 : 1.2) * losses[3], "\(losses)")
  }

  @Test("a picture gives the same bytes alone and in a batch")
  func batch() throws {
    let images = waves(1)
    let together = try passing(60, images)
    for image in 0..<3 {
      let alone = try passing(60, images.narrow(0, image, 1))
      #expect(alone.floats() == together.narrow(0, image, 1).floats())
    }
    #expect((together * 255).floats().allSatisfy { abs($0 - $0.rounded()) < 1e-4 })
  }

  @Test("the layer's gradient is that of the identity")
  func gradient() throws {
    let plain = try network(["flatten", "linear 3"])
    let behind = try plain.preceded(by: LayerList(["jpeg 40"]))
    let images = waves(1)
    let gain = { (logits: Tensor) in logits.narrow(1, 0, 1).sum() }
    // The gradient of a linear network is the same at all images, compressed or not.
    #expect(
      behind.inputGradient(at: images, of: gain).floats()
        == plain.inputGradient(at: images, of: gain).floats())
    #expect(behind.logits(images).floats() != plain.logits(images).floats())
  }

  @Test(
    "layers without parameters can precede a network, frozen or not, and others are refused"
  )
  func preceded() throws {
    let plain = try network([
      "conv 4 kernel 3 padding 1", "batchnorm", "relu", "flatten", "linear 3",
    ])
    let behind = try plain.preceded(by: LayerList(["jpeg 100"]))
    #expect(behind.description.layers.texts.first == "jpeg 100")
    let images = waves(1)
    let expected = plain.logits(try passing(100, images))
    #expect((behind.logits(images) - expected).absolute.max().scalar < 1e-5)
    #expect((try behind.frozen().logits(images) - expected).absolute.max().scalar < 1e-4)
    #expect(try plain.preceded(by: LayerList([String]())).fingerprint == plain.fingerprint)
    #expect(throws: Failure.self) {
      try plain.preceded(by: LayerList(["conv 1 kernel 3 padding 1"]))
    }
    #expect(throws: Failure.self) { try plain.preceded(by: LayerList(["maxpool 2"])) }
  }

  @Test("in training, the layer is the identity")
  func training() throws {
    let plain = try network(["flatten", "linear 3"])
    let behind = try plain.preceded(by: LayerList(["jpeg 10"]))
    let pass = Pass.training(dropout: nil)
    #expect(behind.forward(waves(1), pass).floats() == plain.forward(waves(1), pass).floats())
  }

  @Test("pixels that are NaN, infinite or out of range do not crash the process")
  func hostile() throws {
    let odd: [Float] = [.nan, .infinity, -.infinity, -5, 7, 1e30]
    let images = Tensor((0..<256).map { odd[$0 % odd.count] }, shape: [1, 1, 16, 16])
    #expect(try passing(50, images).shape == images.shape)
    for text in ["jpeg", "jpeg 0", "jpeg 101", "jpeg high", "jpeg 50 60"] {
      #expect(throws: Failure.self) { try LayerList([text]) }
    }
    #expect(throws: Failure.self) { try network(["jpeg 50", "flatten", "linear 3"], channels: 2) }
  }
}
