import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

@Suite("The weights of a checkpoint are found among everything else that it contains")
struct CheckpointTests {
  private static func weights(_ count: Int) -> PickleWriter {
    .dictionary((0..<count).map { ("\($0).weight", .tensor(type: "FloatStorage", count: 2)) })
  }

  private static let object = PickleWriter.call("argparse", "Namespace", .text("lr"))

  private func found(_ members: [(String, PickleWriter)], _ entry: String? = nil) throws -> String {
    try Checkpoint(Pickle(PickleWriter.dictionary(members).pickle)).weights(entry).name
  }

  @Test(
    "settings, numbers of NumPy and other objects beside the weights are skipped",
    arguments: ["namespace", "numpy", "rmodel"])
  func files(_ name: String) throws {
    let dictionary = try StateDictionary(saved: Fixture.file("checkpoint.\(name).pth"))
    #expect(dictionary.tensors.mapValues(\.shape) == ["0.weight": [3, 4]])
  }

  @Test("the only dictionary of tensors is taken, whatever its key and whatever is beside it")
  func only() throws {
    #expect(try found([("rmodel", Self.weights(1)), ("args", Self.object)]) == "rmodel")
    // The state of a random number generator is a tensor, too.
    let state = PickleWriter.tensor(type: "ByteStorage", count: 2)
    #expect(try found([("rng_state", state), ("rmodel", Self.weights(2))]) == "rmodel")
    #expect(try found([("a", .dictionary([("ema", Self.weights(1))]))]) == "a.ema")
    // A state dictionary whose modules store something of their own.
    let own = PickleWriter.dictionary([("scale", state)])
    #expect(try found([("w", state), ("v", state), ("extra", own)]) == "")
  }

  @Test("a usual key comes before another, and the user's choice before both")
  func preferred() throws {
    let members = [
      ("state_dict_ema", Self.weights(1)), ("net", Self.weights(1)),
      ("state_dict", Self.weights(1)),
    ]
    #expect(try found(members) == "state_dict")
    #expect(try found(members, "state_dict_ema") == "state_dict_ema")
    let nested = [("runs", PickleWriter.dictionary([("best", Self.weights(1))]))]
    #expect(try found(nested, "runs") == "runs.best" && found(nested, "runs.best") == "runs.best")
  }

  @Test("where several dictionaries fit, or none, the message lists what there is")
  func unclear() throws {
    let two = [("ema", Self.weights(1)), ("rmodel", Self.weights(2))]
    let failure = #expect(throws: Failure.self) { try found(two) }
    #expect(
      failure?.message == "it contains several dictionaries of tensors; tensors are under 'ema' "
        + "(1 tensor), 'rmodel' (2 tensors)")
    #expect(failure?.hint == "choose one, like :entry=rmodel after the file")
    let unknown = #expect(throws: Failure.self) { try found(two, "model") }
    #expect(
      unknown?.message.hasPrefix("it has no tensors under 'model'; tensors are under") == true)
    let none = #expect(throws: Failure.self) {
      try found([("model", Self.object), ("epoch", .text("3"))])
    }
    #expect(
      none?.message == "it contains no named tensors; the names in it are "
        + "'model' (pickled code: argparse.Namespace), 'epoch'")
    #expect(none?.hint?.contains("torch.save(model.state_dict(), 'weights.pth')") == true)
  }

  @Test("a dictionary that contains itself is read")
  func cycle() throws {
    // {'w': tensor, 'self': the dictionary itself}
    var bytes = PickleWriter.dictionary([("w", .tensor(type: "FloatStorage", count: 1))]).pickle
    bytes.removeLast()
    bytes.insert(contentsOf: Data("q\u{7}".utf8), at: 3)
    bytes += Data([0x8c, 4]) + Data("self".utf8) + Data("h\u{7}s.".utf8)
    #expect(try Checkpoint(Pickle(bytes)).weights().name == "")
  }

  @Test("many dictionaries of tensors are refused and not compared with each other")
  func many() {
    let members = (0..<300).map { ("\($0)", Self.weights(1)) }
    #expect(throws: Failure.self) { try found(members) }
  }

  @Test(
    "numbers in half precision become float32, and a type that is not supported is named",
    arguments: [
      ("HalfStorage", [0x00, 0x3e, 0x00, 0xc0]), ("BFloat16Storage", [0xc0, 0x3f, 0, 0xc0]),
    ])
  func half(_ type: String, _ bytes: [UInt8]) throws {
    let folder = TemporaryFolder()
    let place = folder.appending("half.pth")
    try PickleWriter.dictionary([("w", .tensor(type: type, count: 2))]).archive(bytes)
      .write(to: place)
    #expect(try StateDictionary(saved: place).tensors["w"]?.floats() == [1.5, -2])
    try PickleWriter.dictionary([
      ("v", .tensor(type: "FloatStorage", count: 1)),
      ("w", .tensor(type: "ShortStorage", count: 2)),
    ]).archive(bytes).write(to: place)
    let failure = #expect(throws: Failure.self) { try StateDictionary(saved: place) }
    #expect(
      failure?.message == "tensor 'w' is stored as torch.ShortStorage, which is not supported")
    #expect(failure?.hint?.contains("model.float()") == true)
  }

  @Test("the counter that an average of models stores beside them is dropped")
  func averaged() {
    let tensors = ["n_averaged": Tensor.ones([]), "module.0.bias": Tensor.ones([1])]
    #expect(Array(StateDictionary(tensors).tensors.keys) == ["0.bias"])
    #expect(
      StateDictionary(["n_averaged": Tensor.ones([]), "w": Tensor.ones([1])]).tensors.count == 2)
  }
}
