import Datasets
import Foundation
import Support
import TestSupport
import Testing

@testable import Evaluation

@Suite("The keys of the steps of an experiment")
struct StepKeysTests {
  private let folder = TemporaryFolder()

  /// Data and a model below a folder, all with the same times.
  private func files(in name: String, byte: UInt8 = 1, seconds: Double = 1_700_000_000) throws {
    let place = folder.appending(name)
    for path in ["data/images.npy", "data/labels.npy", "models/old/model.safetensors"] {
      let file = place.appending(path: path)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data([byte]).write(to: file)
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: seconds)], ofItemAtPath: file.path)
    }
  }

  private func keys(in name: String, options: String = ":heldout=0.1") throws
    -> [String]
  {
    let place = folder.appending(name).path
    let experiment = try Experiment(
      .yaml(
        """
        data: { name: "\(place)/data\(options)" }
        models:
          a: { architecture: mlp, epochs: 1 }
          old: { file: "\(place)/models" }
        attacks: { fgsm: { epsilons: [0.1] } }
        """, file: "run.yaml"))
    let keys = try StepKeys(experiment)
    return experiment.steps.map { keys($0) }
  }

  @Test("copies of data and models in another folder have the same keys if they keep the times")
  func copies() throws {
    try files(in: "first")
    try files(in: "a/longer/path")
    #expect(try keys(in: "first") == keys(in: "a/longer/path"))
    #expect(try keys(in: "first", options: ":heldout=0.2") != keys(in: "a/longer/path"))
  }

  @Test("a change of the data or of a file at any depth of a model's folder changes the keys on it")
  func changes() throws {
    try files(in: "first")
    let before = try keys(in: "first")
    let labels = folder.appending("first/data/labels.npy")
    try Data([2, 2]).write(to: labels)
    let after = try keys(in: "first")
    // A model that is read from a file does not depend on the data.
    #expect(before[1] == after[1])
    #expect(zip(before, after).count { $0 == $1 } == 1)
    try Data([2, 2]).write(to: folder.appending("first/models/old/model.safetensors"))
    let last = try keys(in: "first")
    #expect(last != after && last[0] == after[0])
  }
}
