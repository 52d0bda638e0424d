import Support
import TestSupport
import Testing

@testable import ModelCore

@Suite("A network has the tensors that its layers need")
struct NetworkTests {
  let description = try! NetworkDescription(
    input: InputShape(channels: 1, height: 4, width: 4),
    layers: LayerList(["conv 2 kernel 3", "batchnorm", "relu", "flatten", "linear 3"]),
    classNames: ["a", "b", "c"])

  private func network(_ seed: UInt64 = 1) throws -> Network {
    try Network(description, initialization: .xavierUniform, seed: Seed(seed))
  }

  private func tensors() throws -> [String: Tensor] {
    Dictionary(uniqueKeysWithValues: try network().state().map { ($0.name, $0.tensor) })
  }

  @Test(
    "tensors have PyTorch's names, and statistics and counters are not learned"
  )
  func names() throws {
    let network = try network()
    #expect(
      network.names == [
        "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var",
        "1.num_batches_tracked",
        "4.weight",
        "4.bias",
      ])
    #expect(
      network.learnedNames == ["0.weight", "0.bias", "1.weight", "1.bias", "4.weight", "4.bias"])
    #expect(network.learned.allSatisfy { $0.isTracked })
    #expect(!network["1.running_mean"].isTracked)
  }

  @Test("equal seeds give equal networks, and others give others")
  func seeds() throws {
    let images = RandomSource(Seed(1)).uniform([2, 1, 4, 4])
    let (first, again, other) = (try network(1), try network(1), try network(2))
    #expect(first.logits(images).floats() == again.logits(images).floats())
    #expect(first.logits(images).floats() != other.logits(images).floats())
    #expect(first.fingerprint == again.fingerprint)
    #expect(first.fingerprint != other.fingerprint)
  }

  @Test("the fingerprint changes if any tensor changes")
  func fingerprint() throws {
    let original = try network()
    for name in original.names {
      let changed = try network()
      changed[name].assign(changed[name] + 1)
      #expect(changed.fingerprint != original.fingerprint, "\(name)")
    }
  }

  @Test("the predicted class is −1 if a logit is NaN; infinite logits compare as numbers")
  func notANumber() throws {
    let logits = Tensor(
      [1, 2, 0, .nan, 5, 1, 0, 1, .nan, -.infinity, 0, .infinity] as [Float], shape: [4, 3])
    #expect(logits.predictedClasses.int64s() == [1, -1, -1, 2])
    #expect(logits.predictedClasses.type == .int64)
    let network = try network()
    network["4.bias"].assign(Tensor([0, .nan, 0] as [Float], shape: [3]))
    #expect(network.predictions(Tensor.zeros([2, 1, 4, 4])).int64s() == [-1, -1])
  }

  @Test("a missing tensor is refused by name, with the tensors that the layers need")
  func missing() throws {
    var given = try tensors()
    given["4.bias"] = nil
    let failure = #expect(throws: Failure.self) { try Network(description, tensors: given) }
    #expect(failure?.kind == .badData)
    #expect(failure?.message == "tensor '4.bias' is missing")
    #expect(failure?.hint?.hasPrefix("the layers need: 0.weight, 0.bias, 1.weight") == true)
  }

  @Test("a missing counter is 0, since old files have no counters")
  func missingCounter() throws {
    var given = try tensors()
    given["1.num_batches_tracked"] = nil
    #expect(try Network(description, tensors: given)["1.num_batches_tracked"].scalar == 0)
  }

  @Test(
    "a tensor of a wrong shape is refused with the found and the expected shape",
    arguments: [[3, 8], [8, 3], [24], [3, 8, 1], []])
  func wrongShape(_ shape: [Int]) throws {
    guard shape != [3, 8] else { return }
    var given = try tensors()
    given["4.weight"] = Tensor.zeros(shape)
    #expect(throws: Failure.badData("tensor '4.weight' has shape \(shape), its layer needs [3, 8]"))
    {
      try Network(description, tensors: given)
    }
  }

  @Test("a tensor that belongs to no layer is refused, and the nearest name is suggested")
  func extra() throws {
    var given = try tensors()
    given["4.biass"] = Tensor.zeros([3])
    let failure = #expect(throws: Failure.self) { try Network(description, tensors: given) }
    #expect(failure?.message == "tensor '4.biass' belongs to no layer")
    #expect(failure?.hint?.hasPrefix("did you mean '4.bias'?") == true)
  }

  @Test("integer weights are refused or converted, and do not crash the process")
  func wholeNumberWeights() async {
    await #expect(processExitsWith: .success) {
      let description = try NetworkDescription(
        input: InputShape(channels: 1, height: 1, width: 2),
        layers: LayerList(["flatten", "linear 2"]),
        classNames: ["a", "b"])
      let given = [
        "1.weight": Tensor.ones([2, 2], type: .int64), "1.bias": Tensor.zeros([2], type: .float64),
      ]
      guard let network = try? Network(description, tensors: given) else { return }
      _ = network.predictions(Tensor.ones([1, 1, 1, 2]))
    }
  }

  @Test("restoring a state sets all tensors, and a state that does not fit is refused")
  func restore() throws {
    let network = try network(1)
    let other = try self.network(2)
    var state = Dictionary(uniqueKeysWithValues: other.state().map { ($0.name, $0.tensor) })
    try network.restore(state)
    #expect(network.fingerprint == other.fingerprint)
    state["4.bias"] = Tensor.zeros([4])
    #expect(throws: Failure.self) { try network.restore(state) }
  }

  @Test("a network must have one output per class, for at least two classes")
  func classes() throws {
    let input = InputShape(channels: 1, height: 2, width: 2)
    let layers = try LayerList(["flatten", "linear 3"])
    #expect(throws: Failure.self) {
      try NetworkDescription(input: input, layers: layers, classNames: ["a", "b"])
    }
    #expect(throws: Failure.self) {
      try NetworkDescription(
        input: input, layers: LayerList(["flatten", "linear 1"]), classNames: ["a"])
    }
    #expect(throws: Failure.self) {
      try NetworkDescription(
        input: input, layers: LayerList(["conv 3 kernel 1"]), classNames: ["a", "b", "c"])
    }
  }

  @Test(
    "input shapes are read from texts, and wrong texts are refused",
    arguments: ["1x28", "0x1x1", "1x-2x2", "1x1x70000", "axbxc", "1x2x3x4", "", "1x2x"])
  func imageShapes(_ text: String) {
    #expect(InputShape(text) == nil)
    #expect(InputShape("3x32x16") == InputShape(channels: 3, height: 32, width: 16))
    #expect(InputShape(channels: 3, height: 32, width: 16).description == "3x32x16")
  }
}
