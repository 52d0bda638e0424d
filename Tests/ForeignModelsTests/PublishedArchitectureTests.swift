import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

@Suite("Published weights load into the architectures of the same name")
struct PublishedArchitectureTests {
  /// A network in PyTorch: the names and shapes of its tensors, and its logits for one image.
  struct Published: Sendable, CustomTestStringConvertible {
    let name: String
    let parameters: Int
    let logits: [Float]
    var tensors: [(name: String, shape: [Int])] = []

    var testDescription: String { name }
  }

  static let all: [Published] = {
    var all: [Published] = []
    for line in try! Fixture.text("architectures.txt").split(separator: "\n") {
      let words = line.split(separator: " ").map(String.init)
      if words[0] == "=" {
        all.append(
          Published(
            name: words[1], parameters: Int(words[2])!,
            logits: words.dropFirst(3).map { Float($0)! }))
      } else {
        let shape = words.count > 1 ? words[1].split(separator: "x").map { Int($0)! } : []
        all[all.count - 1].tensors.append((words[0], shape))
      }
    }
    return all
  }()

  private static let images = LoadedModel.Images(
    shape: InputShape(channels: 3, height: 32, width: 32), classNames: (0..<10).map(String.init))

  /// The numbers sin(1.7 j + phase) for j = 0, …, 996, repeated until they fill the shape.
  private func pattern(_ shape: [Int], _ phase: Int) -> Tensor {
    let count = shape.reduce(1, *)
    let once = Tensor(
      (0..<997).map { Float(sin(Double($0) * 1.7 + Double(phase))) }, shape: [1, 997])
    return once.expanded([count / 997 + 1, 997]).reshaped([-1]).narrow(0, 0, count).reshaped(shape)
  }

  private func weights(_ published: Published) -> [String: Tensor] {
    published.tensors.reduce(into: [:]) { tensors, entry in
      let (name, shape) = entry
      guard !name.hasSuffix("num_batches_tracked") else {
        tensors[name] = Tensor.zeros([], type: .int64)
        return
      }
      let pattern = pattern(shape, name.count)
      if shape.count > 1 {
        let fan = Double(shape.dropFirst().reduce(1, *))
        tensors[name] = pattern * (4 / fan).squareRoot()
      } else if name.hasSuffix("running_var") {
        tensors[name] = pattern / 2 + 1
      } else {
        tensors[name] = name.hasSuffix("weight") ? pattern / 10 + 1 : pattern / 10
      }
    }
  }

  @Test(
    "names, shapes, number of parameters and logits are those of PyTorch", arguments: all)
  func loads(_ published: Published) throws {
    var notes = ModelNotes()
    notes.architecture = published.name
    let network = try StateDictionary(weights(published)).network(
      notes, for: Self.images, device: .cpu)
    #expect(network.learned.reduce(0) { $0 + $1.count } == published.parameters)
    let image = (pattern([1, 3, 32, 32], 0) + 1) / 2
    let logits = withoutGradients { network.logits(image) }
    #expect(relativeError(logits, Tensor(published.logits, shape: [1, 10])) < 1e-4)
    guard published.parameters < 1_000_000 else { return }
    #expect(relativeError(try network.frozen().logits(image), logits) < 1e-4)
  }

  @Test("numbers of parameters are those of the papers: 0.27 M, 0.85 M, 36.5 M")
  func counts() {
    let counts = Dictionary(uniqueKeysWithValues: Self.all.map { ($0.name, $0.parameters) })
    #expect(counts["resnet20"]! / 10_000 == 26 && counts["resnet56"]! / 10_000 == 85)
    #expect(counts["wideresnet28-10"]! / 100_000 == 364 && counts["vgg16"]! / 100_000 == 147)
  }

  @Test(
    "on 28x28 images the LeNets have 61,706, 431,080 and 44,426 parameters"
  )
  func lenets() throws {
    let shape = InputShape(channels: 1, height: 28, width: 28)
    for (name, count) in [("lenet5", 61_706), ("lenet-caffe", 431_080), ("lenet", 44_426)] {
      let network = try Architecture.named(name).network(
        input: shape, classNames: (0..<10).map(String.init), seed: Seed(1))
      #expect(network.learned.reduce(0) { $0 + $1.count } == count)
    }
  }

  @Test("a missing tensor is reported under its published name")
  func missing() throws {
    let published = try #require(Self.all.first { $0.name == "resnet20" })
    var tensors = weights(published)
    tensors["layer2.0.conv1.weight"] = nil
    var notes = ModelNotes()
    notes.architecture = "resnet20"
    let failure = #expect(throws: Failure.self) {
      try StateDictionary(tensors).network(notes, for: Self.images, device: .cpu)
    }
    #expect(failure?.message == "tensor 'layer2.0.conv1.weight' is missing")
  }
}
