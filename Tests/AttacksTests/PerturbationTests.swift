import Attacks
import ModelCore
import Support
import Testing

@Suite("The check of an attack's result")
struct PerturbationTests {
  let images = Tensor([0, 0.25, 0.5, 1] as [Float], shape: [2, 1, 1, 2])

  private func check(
    _ values: [Float], _ norm: Norm = .linf, epsilon: Double = 0.25, shape: [Int] = [2, 1, 1, 2]
  )
    throws
  {
    let threat = ThreatModel(norm, epsilon: epsilon, valueRange: 0...1)
    try Perturbation.check(Tensor(values, shape: shape), of: images, within: threat, attack: "fgsm")
  }

  private let report = "this is a fault of the attack; please report it"

  @Test("images within the budget and the range pass, including the bounds")
  func sound() throws {
    try check([0, 0.25, 0.5, 1])
    try check([0.25, 0, 0.75, 0.75])
    let none = Tensor.zeros([0, 1, 1, 2])
    let threat = ThreatModel(.linf, epsilon: 0, valueRange: 0...1)
    try Perturbation.check(none, of: none, within: threat, attack: "fgsm")
  }

  @Test("pixels outside the valid range are refused")
  func range() {
    let low = Failure(
      .failed,
      "attack fgsm at ε = 0.25 made images that have pixels from -0.125 to 1.0, outside 0.0...1.0",
      hint: report)
    #expect(throws: low) { try check([-0.125, 0.25, 0.5, 1]) }
    let high = Failure(
      .failed,
      "attack fgsm at ε = 0.25 made images that have pixels from 0.0 to 1.125, outside 0.0...1.0",
      hint: report
    )
    #expect(throws: high) { try check([0, 0.25, 0.5, 1.125]) }
  }

  @Test("a perturbation larger than the budget is refused")
  func budget() {
    let far = Failure(
      .failed, "attack fgsm at ε = 0.25 made images that differ from the originals by 0.5 in linf",
      hint: report)
    #expect(throws: far) { try check([0.5, 0.25, 0.5, 1]) }
    let small = Failure(
      .failed, "attack fgsm at ε = 0.0 made images that differ from the originals by 0.25 in linf",
      hint: report)
    #expect(throws: small) { try check([0.25, 0.25, 0.5, 1], epsilon: 0) }
  }

  @Test(
    "pixels that are infinite or not a number (NaN) are refused",
    arguments: [Float.nan, .infinity, -.infinity])
  func notNumbers(_ value: Float) {
    let expected = Failure(
      .failed, "attack fgsm at ε = 0.25 made pixels that are infinite or not a number (NaN)",
      hint: "the gradients of the classifier are probably not a number (NaN); inspect the model")
    #expect(throws: expected) { try check([0, 0.25, value, 1]) }
  }

  @Test("images of another shape are refused")
  func shape() {
    let expected = Failure(
      .failed,
      "attack fgsm at ε = 0.25 made images that have shape [1, 1, 2, 2], expected [2, 1, 1, 2]",
      hint: report)
    #expect(throws: expected) { try check([0, 0.25, 0.5, 1], shape: [1, 1, 2, 2]) }
  }

  @Test("each norm measures each image separately")
  func norms() throws {
    let moved = Tensor([3, 4, 0, -1] as [Float], shape: [2, 1, 1, 2])
    #expect(Norm.linf.size(moved).floats() == [4, 1])
    #expect(Norm.l2.size(moved).floats() == [5, 1])
    #expect(Norm.l1.size(moved).floats() == [7, 1])
    #expect(Norm.l0.size(moved).floats() == [2, 1])
  }

  @Test(
    "the budget holds for each image, in its norm: here two pixels of 0.25",
    arguments: [(Norm.l1, 0.5), (.l2, 0.125.squareRoot()), (.l0, 2)])
  func budgets(_ norm: Norm, _ size: Double) throws {
    let moved: [Float] = [0.25, 0.5, 0.25, 0.75]
    try check(moved, norm, epsilon: size)
    #expect(throws: Failure.self) { try check(moved, norm, epsilon: size * 0.99) }
  }

  @Test("float32 rounding is within the tolerance, and a fiftieth of a grey level is not")
  func tolerance() throws {
    try check([0.250_000_1, 0.25, 0.5, 1])
    #expect(throws: Failure.self) { try check([0.25 + 0.02 / 255, 0.25, 0.5, 1]) }
  }
}
