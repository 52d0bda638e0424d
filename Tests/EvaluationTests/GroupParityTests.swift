import Datasets
import Explanations
import ModelCore
import TestSupport
import Testing

@testable import Evaluation

@Suite(
  "Accuracies by group and explanations agree with PyTorch",
  .enabled(if: Reference.isPresent, Comment(rawValue: Reference.skipMessage)))
struct GroupParityTests {
  private func answers() throws -> SafetensorsFile {
    try SafetensorsFile(Reference.file("explanations.safetensors"))
  }

  private func network(_ name: String) throws -> Network {
    try Reference.network("explanations.\(name)")
  }

  @Test("accuracy by group, in the worst group and on average", arguments: ["mlp", "cnn"])
  func groups(_ name: String) throws {
    let answers = try answers()
    let predictions = try network(name).predictions(answers.tensor("\(name).inputs")).int64s()
    let labels = try answers.tensor("\(name).labels").int64s()
    let groups = try answers.tensor("\(name).groups").int64s()
    let found = try #require(
      GroupAccuracies(predictions: predictions, labels: labels, groups: groups, names: nil))
    func expected(_ part: String) throws -> [Float] {
      try answers.tensor("\(name).groupAccuracy" + part).floats()
    }
    #expect(try found.groups.map { Float($0.accuracy) } == expected(""))
    #expect(try [Float(found.worst.accuracy)] == expected(".worst"))
    #expect(try [Float(found.mean)] == expected(".average"))
  }

  @Test(
    "explanations, and the masks of their large components", arguments: ["mlp", "cnn"],
    [ExplainedScalar.sumOfLogProbabilities, .predictedProbability])
  func explanations(_ name: String, _ scalar: ExplainedScalar) throws {
    let answers = try answers()
    let kind = scalar == .predictedProbability ? "maxProbability" : "sumLogProbabilities"
    let key = "\(name).explanation.\(kind)"
    let images = try answers.tensor("\(name).inputs")
    let labels = try answers.tensor("\(name).labels")
    for classifier in [try network(name), try network(name).frozen()] as [any Classifier] {
      let found = scalar.explanations(of: classifier, at: images, labels: labels)
      #expect(relativeError(found, try answers.tensor(key)) < 1e-4)
      for (text, share) in [("0.67", 0.67), ("0.33", 0.33), ("0.10", 0.1)] {
        let large = found.largeComponents(above: share).to(.uint8)
        #expect(large.bytes() == (try answers.tensor("\(key).mask\(text)").bytes()), "\(text)")
      }
    }
  }
}
