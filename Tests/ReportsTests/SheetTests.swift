import Evaluation
import ModelCore
import Support
import Testing

@testable import Reports

@Suite("Sheets of images")
struct SheetTests {
  /// Examples of two images, of classes 0 and 1 of three, each towards both other classes.
  private func examples() -> ExampleSet {
    let original = Tensor.zeros([4, 1, 5, 4])
    return ExampleSet(
      origin: .init(
        data: "d", classNames: ["a", "b", "c"], valueRange: 0...1, source: "m",
        sourceFingerprint: "m", attack: "itgsm",
        norm: "linf", parameters: [:], epsilons: [0.5], seed: 1),
      original: original, adversarial: [original + 0.5], label: Tensor(labels: [0, 0, 1, 1]),
      target: Tensor(labels: [1, 2, 0, 2]), index: Tensor(labels: [7, 7, 9, 9]),
      predicted: Tensor(labels: [1, 0, 0, 1]).reshaped([1, 4]), confidence: Tensor.ones([1, 4]))
  }

  private let grid = Sample.grid()

  @Test("Only examples that aim at every class make a table of classes by targets")
  func confusion() throws {
    let sheet = try #require(try ConfusionSheet(examples(), grid)?.sheet())
    // Three by three cells of 4 + 2·2 + 2 by 5 + 2·2 + 2 pixels, without the last gaps.
    #expect(sheet.width == 3 * 10 - 2 && sheet.height == 3 * 11 - 2)
    #expect(sheet.caption.contains("a, b, c") && sheet.caption.contains("0.5"))
    var single = examples()
    single = ExampleSet(
      origin: single.origin, original: single.original, adversarial: single.adversarial,
      label: single.label,
      target: single.target, index: Tensor(labels: [1, 2, 3, 4]), predicted: single.predicted,
      confidence: single.confidence)
    #expect(ConfusionSheet(single, grid) == nil)
    // The same set as rows of budgets: the original, one budget, and the perturbation.
    #expect(try ExampleSheet(single, grid)?.sheet().width == 3 * (4 + 6 + 2))
  }

  @Test("Rows of a table make no sheet of pictures, and neither do images with two channels")
  func notDrawn() {
    for shape in [[4, 20], [4, 2, 5, 4]] {
      let original = Tensor.zeros(shape)
      let set = examples()
      let other = ExampleSet(
        origin: set.origin, original: original, adversarial: [original], label: set.label,
        target: set.target, index: set.index, predicted: set.predicted, confidence: set.confidence)
      #expect(ExampleSheet(other, grid) == nil && ConfusionSheet(other, grid) == nil)
    }
  }

  @Test(
    "A gradient's shades are symmetric about grey, reach full at the 99th percentile; zero is grey")
  func shades() {
    let values = (0..<200).map { Float($0 - 100) / 100 }
    let gradient = Tensor(values, shape: [1, 1, 10, 20])
    let bytes = GradientSheet.shades(gradient).bytes()
    #expect(bytes[100] == 128 && bytes[0] == 1 && bytes[199] == 255)
    #expect(
      zip(bytes.dropFirst(), bytes.dropFirst().reversed()).allSatisfy { Int($0) + Int($1) == 256 })
    #expect(GradientSheet.shades(gradient * 1e-20).bytes() == bytes)
    #expect(Set(GradientSheet.shades(gradient * 0).bytes()) == [128])
    // A single pixel that is not zero is visible.
    var lone = [Float](repeating: 0, count: 400)
    lone[3] = -1e-9
    #expect(GradientSheet.shades(Tensor(lone, shape: [1, 1, 20, 20])).bytes()[3] == 1)
  }
}
