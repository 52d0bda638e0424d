import Foundation
import ModelCore
import TestSupport
import Testing

@Suite(
  "Networks agree with PyTorch",
  .enabled(if: Reference.isPresent, Comment(rawValue: Reference.skipMessage)))
struct ModelParityTests {
  @Test("logits agree, of the network and of its frozen form", arguments: ["fastat", "smallbn"])
  func logits(_ name: String) throws {
    let answers = try SafetensorsFile(Reference.file("\(name).attacks.safetensors"))
    let network = try Reference.network(name)
    let images = try answers.tensor("images")
    let expected = try answers.tensor("logits")
    #expect(relativeError(network.logits(images).detached, expected) < 1e-5)
    #expect(relativeError(try network.frozen().logits(images), expected) < 1e-5)
  }

  @Test(
    "input gradients of the summed cross-entropy agree, of the network and of its frozen form",
    arguments: ["fastat", "smallbn"])
  func inputGradients(_ name: String) throws {
    let answers = try SafetensorsFile(Reference.file("\(name).attacks.safetensors"))
    let network = try Reference.network(name)
    let images = try answers.tensor("images")
    for (labels, expected) in [("labels", "inputGradient"), ("targets", "targetGradient")] {
      let wanted = try answers.tensor(labels)
      for classifier in [network, try network.frozen()] {
        let gradient = classifier.inputGradient(at: images) { $0.crossEntropy(wanted).sum() }
        #expect(relativeError(gradient, try answers.tensor(expected)) < 1e-4)
      }
    }
  }
}
