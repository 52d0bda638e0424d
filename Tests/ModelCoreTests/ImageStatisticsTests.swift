import ModelCore
import Support
import TestSupport
import Testing

@Suite("Standardisation and local contrast normalisation of pictures")
struct ImageStatisticsTests {
  /// Images [2, 2, 5, 6]. scripts/image_statistics_reference.py computes the expected values.
  private static let images: Tensor = {
    let values = (0..<120).map { (place: Int) -> Float in
      let (n, c, h, w) = (place / 60, place / 30 % 2, place / 6 % 5, place % 6)
      let sum: Int = 7 * n + 5 * c + 3 * h + 2 * w + h * w
      return Float(sum % 11) / 10
    }
    return Tensor(values, shape: [2, 2, 5, 6])
  }()

  private func network(_ layer: String) throws -> Network {
    let shape = InputShape(channels: 2, height: 5, width: 6)
    let description = try NetworkDescription(
      input: shape, layers: LayerList([layer, "flatten"]), classNames: (0..<60).map(String.init))
    return try Network(description, initialization: .xavierUniform, seed: Seed(1))
  }

  private func row(_ layer: String) throws -> [Float] {
    let out = try network(layer).logits(Self.images).reshaped([2, 2, 5, 6])
    return out.select(0, 1).select(0, 1).select(0, 2).floats()
  }

  @Test(
    "the values agree with NumPy and SciPy",
    arguments: [
      ("standardize", [0.5291079, -1.6931454, -0.4232863, 0.8465727, -1.3756806, -0.1058216]),
      (
        "localcontrast kernel 7 sigma 3.0",
        [1.5518244, -1.0480576, 0.0644717, 1.2689858, -0.6973274, 0.9116331]
      ),
    ] as [(String, [Float])])
  func reference(layer: String, expected: [Float]) throws {
    for (found, value) in zip(try row(layer), expected) { #expect(abs(found - value) < 2e-6) }
    #expect(try LayerList([layer]).texts == [layer])
  }

  @Test("standardisation removes changes of brightness and contrast")
  func invariance() throws {
    let network = try network("standardize")
    let out = network.logits(Self.images)
    #expect((network.logits(Self.images * 0.5 + 0.2) - out).absolute.max().scalar < 1e-5)
    #expect(abs(out.mean([1]).absolute.max().scalar) < 1e-6)
  }

  @Test(
    "a constant picture gives finite values and gradients",
    arguments: [
      "standardize", "localcontrast kernel 3 sigma 1.0",
    ])
  func constant(layer: String) throws {
    let network = try network(layer)
    let flat = Tensor.full(0.5, shape: [1, 2, 5, 6])
    #expect(network.logits(flat).isFinite.all().isTrue)
    #expect(network.inputGradient(at: flat) { $0.square.sum() }.isFinite.all().isTrue)
  }

  @Test(
    "texts with missing or wrong settings are refused",
    arguments: [
      "localcontrast", "localcontrast kernel 4 sigma 1", "localcontrast kernel 3",
      "localcontrast kernel 3 sigma 0",
      "standardize 3",
    ])
  func refused(text: String) {
    #expect(throws: Failure.self) { try LayerList([text]) }
  }
}
