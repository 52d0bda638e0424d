import Support
import Testing

@testable import ModelCore

@Suite("Dropout")
struct DropoutTests {
  let none = LayerParameters(tensors: [:])
  let x = Tensor.ones([100, 1000])

  private func dropped(_ probability: Double, _ pass: Pass) -> [Float] {
    Dropout(probability).apply(x, none, pass).floats()
  }

  @Test("a share P is zero, the rest is scaled by 1 / (1 − P)", arguments: [0.1, 0.5, 0.9])
  func share(_ probability: Double) {
    let values = dropped(probability, .training(dropout: Seed(1)))
    let zeros = values.count { $0 == 0 }
    // 100,000 draws: the share's deviation is at most 0.0016.
    #expect(abs(Double(zeros) / Double(values.count) - probability) < 0.01)
    let kept = Set(values).subtracting([0])
    #expect(kept.count == 1)
    #expect(abs(Double(kept.first!) - 1 / (1 - probability)) < 1e-5)
  }

  @Test("nothing happens in evaluation, with probability 0, or without a source")
  func nothing() {
    let ones = x.floats()
    #expect(dropped(0.5, .evaluation) == ones)
    #expect(dropped(0.5, .training(dropout: nil)) == ones)
    #expect(dropped(0, .training(dropout: Seed(1))) == ones)
  }

  @Test("The same seed gives the same mask; another purpose gives another one")
  func masks() {
    let pass = Pass.training(dropout: Seed(2))
    let first = dropped(0.5, pass)
    #expect(first == dropped(0.5, .training(dropout: Seed(2))))
    #expect(first != dropped(0.5, pass.purpose("another pass")))
  }

  @Test("each image has a mask of its own")
  func perImage() {
    let rows = Dropout(0.5).apply(x, none, .training(dropout: Seed(3)))
    #expect(rows.select(0, 0).floats() != rows.select(0, 1).floats())
  }
}
