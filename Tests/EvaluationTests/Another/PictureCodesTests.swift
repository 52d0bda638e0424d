import Datasets
import Defenses
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Evaluation

@Suite("Codes of pictures, and classifiers that take them")
struct PictureCodesTests {
  private let data: LabelledImages
  private let codes: PictureCodes

  init() throws {
    data = try DataReference("white-squares").load(.train).prefix(50)
    codes = PictureCodes(
      try VariationalAutoencoder(codes: 3, hidden: 8).network(
        input: data.shape, valueRange: data.valueRange, seed: Seed(1), device: .cpu))
  }

  @Test("a table of codes has the pictures' labels and groups, and its range contains all values")
  func table() throws {
    let table = try codes.table(of: data, Evaluator(batchSize: 7))
    #expect(table.shape == InputShape(features: 3) && table.count == 50)
    #expect(table.featureNames == ["code 1", "code 2", "code 3"])
    #expect(table.labels.int64s() == data.labels.int64s())
    #expect(table.annotations.groups?.int64s() == data.annotations.groups?.int64s())
    let values = table.batch(0..<50).images
    #expect(values.absolute.max().scalar <= table.valueRange.upperBound)
    #expect(table.valueRange.lowerBound == -table.valueRange.upperBound)
    let whole = codes.encode(data.batch(0..<50).images)
    #expect((values - whole).absolute.max().scalar < 1e-5)
  }

  @Test("drawn codes have the encoder's means and variances, and do not depend on the batch size")
  func drawn() throws {
    let first = try codes.table(of: data, drawnFrom: Seed(3), Evaluator(batchSize: 7))
    let second = try codes.table(of: data, drawnFrom: Seed(3), Evaluator(batchSize: 50))
    #expect((first.batch(0..<50).images - second.batch(0..<50).images).absolute.max().scalar < 1e-5)
    let images = data.batch(0..<50).images
    let moments = codes.autoencoder.forward(images, .evaluation, layers: 0..<6)
    let deviations = (moments.narrow(1, 3, 3) * 0.5).exponential
    let draws = try (0..<200).map {
      let table = try codes.table(of: data, drawnFrom: Seed(UInt64($0)), Evaluator())
      return (table.batch(0..<50).images - moments.narrow(1, 0, 3)) / deviations
    }
    let standard = Tensor.stack(draws.map(\.detached))
    #expect(abs(standard.mean().scalar) < 4 / Double(30_000).squareRoot())
    #expect(abs(standard.square.mean().scalar - 1) < 4 * (2.0 / 30_000).squareRoot())
  }

  @Test("a classifier of pictures gives its codes to the network that it is made of")
  func classifier() throws {
    let head = try Architecture.named("mlp 4").network(
      input: InputShape(features: 3), classNames: data.classNames, valueRange: -5...5, seed: Seed(2)
    )
    let classifier = try codes.classifier(head)
    let images = data.batch(0..<10).images
    let logits = withoutGradients { head.logits(codes.encode(images)) }
    #expect(withoutGradients { classifier.logits(images) }.floats() == logits.floats())
    #expect(classifier.inputShape == data.shape && classifier.valueRange == 0...1)
    let again = try codes.head(of: classifier, valueRange: -5...5)
    #expect(again.fingerprint == head.fingerprint)
  }

  @Test("pictures of codes show one row for each code, and are stored")
  func pictures() throws {
    let table = try codes.table(of: data, Evaluator())
    let pictures = CodePictures(codes, of: table)
    #expect(pictures.pictures.shape == [3, 9, 1, 16, 16] && pictures.spread.count == 3)
    // In the middle of each row all codes are 0.
    let middle = codes.draw(Tensor.zeros([1, 3])).clamped(to: 0...1).floats()
    for code in 0..<3 {
      let drawn = pictures.pictures.select(0, code).select(0, 4).contiguous.floats()
      #expect(zip(drawn, middle).allSatisfy { abs($0 - $1) < 1e-5 })
    }
    let folder = TemporaryFolder()
    try pictures.write(to: RunFolder.codes(in: folder.url))
    let stored = try #require(CodePictures.stored(in: folder.url))
    #expect(stored.pictures.floats() == pictures.pictures.floats())
    #expect(stored.valueRange == 0...1)
    try Data([1, 2, 3]).write(to: RunFolder.codes(in: folder.url))
    #expect(CodePictures.stored(in: folder.url) == nil)
  }
}
