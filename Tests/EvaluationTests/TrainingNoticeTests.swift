import Datasets
import Defenses
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Evaluation

@Suite("Notices on a training that failed")
struct TrainingNoticeTests {
  private let folder = TemporaryFolder()
  private static let images = try! SevenSegmentDigits().images(.train, count: 200)

  private func training(
    _ defense: any Defense = PlainTraining(), rate: Double = 1e-3, epochs: Int = 4
  ) throws -> ModelTraining {
    ModelTraining(
      name: "m",
      plan: TrainingPlan(
        architecture: try Architecture.named("small"), defense: defense,
        settings: TrainingSettings(
          epochs: epochs, batchSize: 20, optimizer: .adam(rate: rate), seed: Seed(5))),
      training: Self.images, test: nil, device: .cpu, progress: ProgressDisplay(.quiet))
  }

  @Test("a training that ends at chance says so, and the record keeps the sentence")
  func chance() throws {
    // The rate is too small for any change.
    let file = folder.appending("m.safetensors")
    let made = try training(rate: 1e-12).run(into: file)
    let notice = try #require(made.training?.notices?.first)
    let start = "The model has not learned to predict the labels: its accuracy while training"
    #expect(notice.hasPrefix(start))
    #expect(notice.contains("predicting the most frequent class") && notice.contains("(warmup)"))
    #expect(try ModelFile(file).training?.notices == [notice])
  }

  @Test("a training that learns has no notice")
  func learns() throws {
    let made = try training(rate: 5e-3, epochs: 20).run(into: folder.appending("m.safetensors"))
    #expect(made.training?.notices == nil)
  }

  @Test("chance is the share of the most frequent class, within the interval of the accuracy")
  func mostFrequent() throws {
    // Of 1,000 rows, 700 are of class 0.
    let labels = (0..<1000).map { Int64($0 < 700 ? 0 : 1) }
    let data = try LabelledImages(
      name: "rows", classNames: ["x", "y"], pixels: Tensor.zeros([1000, 2]), labels: labels)
    let notices = TrainingNotices(history: [], kept: nil)
    let found = [0.5, 0.72, 0.74].map { accuracy in
      notices.chance([.init(place: "on the test images", accuracy: accuracy, images: data)])
    }
    #expect(found[0]?.contains("is not above the 70.0 % of always") == true)
    #expect(found[1] != nil && found[2] == nil)
  }

  private func records(_ robust: [Double], _ accuracy: [Double]) -> [EpochRecord] {
    zip(robust, accuracy).enumerated().map { epoch, values in
      var record = EpochRecord(epoch: epoch, loss: 1, accuracy: values.1)
      (record.validationAccuracy, record.robustAccuracy) = (0.9, values.0)
      return record
    }
  }

  @Test("robustness that is lost while the training goes well is catastrophic overfitting")
  func collapse() throws {
    func notice(_ robust: [Double], _ accuracy: [Double], kept: Int = 2) -> String? {
      TrainingNotices(history: records(robust, accuracy), kept: kept)
        .collapse(Self.images)
    }
    let lost = try #require(notice([0.5, 0.7, 0.01], [0.6, 0.7, 0.9]))
    #expect(lost.contains("fell from 70.0 % after epoch 2 to 1.0 % after epoch 3"))
    #expect(lost.contains("Keep the weights of the best epoch"))
    #expect(
      notice([0.5, 0.7, 0.01], [0.6, 0.7, 0.9], kept: 1)?.contains(
        "The weights of epoch 2 are kept.") == true)
    // It fell little, by chance, or together with the accuracy of the training.
    #expect(notice([0.5, 0.7, 0.6], [0.6, 0.7, 0.9]) == nil)
    #expect(notice([0.01, 0.02, 0.005], [0.6, 0.7, 0.9]) == nil)
    #expect(notice([0.1, 0.12, 0], [0.6, 0.7, 0.9]) == nil)
    #expect(notice([0.5, 0.7, 0.01], [0.6, 0.7, 0.1]) == nil)
    #expect(TrainingNotices(history: [], kept: nil).collapse(Self.images) == nil)
  }
}
