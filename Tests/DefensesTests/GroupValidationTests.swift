import Datasets
import Defenses
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@Suite("Validation by the worst group")
struct GroupValidationTests {
  /// Seven-segment digits with the group that `group` gives to each label.
  private func digits(_ seed: UInt64, _ count: Int, _ group: (Int64) -> Int64) throws
    -> LabelledImages
  {
    let plain = try SevenSegmentDigits(seed: Seed(seed), size: 14).images(.train, count: count)
    let labels = plain.labels.int64s()
    return try LabelledImages(
      name: "digits-\(seed)", classNames: plain.classNames, pixels: plain.pixels, labels: labels,
      groups: labels.map(group), groupNames: ["low", "high", "nine"])
  }

  private func thirds(_ label: Int64) -> Int64 { label == 9 ? 2 : label < 5 ? 0 : 1 }

  private func records(_ pairs: [(worst: Double, all: Double)]) -> [EpochRecord] {
    pairs.enumerated().map { epoch, pair in
      var record = EpochRecord(epoch: epoch, loss: 1, accuracy: 0.5)
      record.validationAccuracy = pair.all
      record.validationWorstGroup = pair.worst
      return record
    }
  }

  @Test("the best epoch is the one whose worst group is best; accuracy decides among equals")
  func best() {
    let history = records([(0, 0.1), (0, 0.6), (0.3, 0.5), (0.3, 0.55), (0.2, 0.9)])
    #expect(history.best(by: .worstGroup) == 3 && history.best() == 4)
    #expect(Array(history.prefix(2)).best(by: .worstGroup) == 1)
    #expect(history.hasStalled(for: 1, by: .worstGroup) && !history.hasStalled(for: 1))
  }

  @Test("under an attack, the worst group under the attack decides")
  func robust() {
    var history = records([(0.9, 0.9), (0.5, 0.5)])
    history[0].robustWorstGroup = 0.1
    history[1].robustWorstGroup = 0.2
    #expect(history.best(by: .worstGroup) == 1)
  }

  @Test("each epoch records the accuracy in each group, and the weights of the best one are kept")
  func measures() throws {
    let (learned, watched) = (try digits(71, 200, thirds), try digits(74, 120, thirds))
    var settings = TinyTraining.settings(epochs: 5, optimizer: .adam(rate: 0.3))
    settings.keep = .best
    settings.criterion = .worstGroup
    let network = TinyTraining.network()
    let history = try Trainer(settings, objective: CrossEntropy()).train(
      network, on: learned, validation: watched, title: "test")
    let best = try #require(history.best(by: .worstGroup))
    let record = history[best]
    // The kept network is measured once more, group by group.
    let answers = try network.frozen().predictions(watched.batch(0..<120).images).int64s()
    let (labels, groups) = (
      watched.labels.int64s(), try #require(watched.annotations.groups).int64s()
    )
    for (group, name) in ["low", "high", "nine"].enumerated() {
      let members = groups.indices.filter { groups[$0] == group }
      let right = members.count { answers[$0] == labels[$0] }
      #expect(record.validationGroups?[name] == Double(right) / Double(members.count))
    }
    #expect(record.validationWorstGroup == record.validationGroups?.values.min())
    #expect(history.allSatisfy { $0.validationWorstGroup! <= record.validationWorstGroup! })
  }

  @Test("without groups, the history is as it was")
  func withoutGroups() throws {
    let history = try Trainer(TinyTraining.settings(epochs: 1), objective: CrossEntropy()).train(
      TinyTraining.network(), on: TinyTraining.data, validation: TinyTraining.data.prefix(50),
      title: "test")
    #expect(try !history.jsonLines().contains("roup"))
  }

  @Test("groups that the validation images lack are named before the training begins")
  func lacking() throws {
    var settings = TinyTraining.settings(epochs: 1)
    settings.criterion = .worstGroup
    let learned = try digits(71, 200, thirds)
    let network = TinyTraining.network()
    let before = network.fingerprint
    func refusal(_ watched: LabelledImages) -> Failure? {
      #expect(throws: Failure.self) {
        try Trainer(settings, objective: CrossEntropy()).train(
          network, on: learned, validation: watched, title: "test")
      }
    }
    let one = refusal(try digits(74, 120) { $0 < 5 ? 0 : 1 })
    #expect(one?.kind == .badData && one?.hint?.contains("validation: data") == true)
    #expect(
      one?.message == "the 120 validation images of digits-74 lack the group nine of the training "
        + "images, so their worst group says nothing about it")
    let two = refusal(try digits(74, 120) { _ in 0 })
    #expect(two?.message.contains("lack the groups high, nine of") == true)
    let none = refusal(TinyTraining.data)
    #expect(none?.message.contains("has no groups") == true)
    #expect(network.fingerprint == before)
  }
}
