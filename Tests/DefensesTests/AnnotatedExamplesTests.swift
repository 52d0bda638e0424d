import Datasets
import ModelCore
import Support
import Testing

@testable import Defenses

@Suite("Masks of a few training examples")
struct AnnotatedExamplesTests {
  private let places = Tensor(labels: [7, 2, 150, 3])

  private func batch(_ count: Int?, alwaysInclude: Bool = false) -> Batch {
    var examples = AnnotatedExamples()
    (examples.count, examples.alwaysInclude) = (count, alwaysInclude)
    return examples.batch(of: TinyTraining.annotated, at: places)
  }

  /// The sum of the mask of each example; 98 = 14·7 for a left half.
  private func sizes(_ batch: Batch) -> [Double] {
    batch.annotations.masks!.flattened.sum([1]).floats().map(Double.init)
  }

  @Test("all examples keep their masks unless a number is given")
  func all() {
    #expect(sizes(batch(nil)) == [98, 98, 98, 98])
    #expect(batch(nil).places == [7, 2, 150, 3])
  }

  @Test("only the first examples keep their masks")
  func first() {
    #expect(sizes(batch(3)) == [0, 98, 0, 0])
    #expect(sizes(batch(4)) == [0, 98, 0, 98])
    #expect(sizes(batch(1000)) == [98, 98, 98, 98])
  }

  @Test("they are in front of every batch, with their labels and groups")
  func included() {
    let batch = batch(3, alwaysInclude: true)
    #expect(batch.places == [0, 1, 2, 7, 2, 150, 3])
    #expect(sizes(batch) == [98, 98, 98, 0, 98, 0, 0])
    let labels = TinyTraining.annotated.labels.int64s()
    #expect(batch.labels.int64s() == batch.places.map { labels[$0] })
    #expect(batch.annotations.groups!.int64s() == batch.places.map { labels[$0] % 2 })
  }
}
