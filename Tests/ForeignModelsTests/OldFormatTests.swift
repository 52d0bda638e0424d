import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

@Suite("The format of torch.save before PyTorch 1.6 is read with the same restrictions")
struct OldFormatTests {
  let folder = TemporaryFolder()

  @Test(
    "tensors of several types that share a storage have their numbers",
    arguments: ["old.pth", "old.protocol4.pth"])
  func numbers(_ name: String) throws {
    let tensors = try StateDictionary(saved: Fixture.file("Programs/\(name)")).tensors
    #expect(tensors.count == 6)
    #expect(tensors["a.weight"]?.floats() == [0, 1, 2, 3, 4, 5] && tensors["a.weight"]?.rank == 2)
    #expect(tensors["a.bias"]?.floats() == [6, 7])
    #expect(tensors["b.weight"]?.floats() == [0, 2, 1, 3])
    #expect(tensors["half"]?.floats() == [1.5, -2])
    #expect(tensors["count"]?.int64s() == [7])
    #expect(tensors["empty"]?.shape == [0, 3])
  }

  @Test("a network in this format gives the logits of the same network in the zip format")
  func network() throws {
    let notes = try ForeignModelTests.notes
    let old = try LoadedModel(Fixture.file("Programs/old.tiny.pth"), notes: notes)
    #expect(
      try old.fingerprint == LoadedModel(Fixture.file("tiny.pth"), notes: notes).fingerprint)
  }

  @Test("a file that is cut off anywhere is refused")
  func truncated() throws {
    let bytes = try Data(contentsOf: Fixture.file("Programs/old.pth"))
    let place = folder.appending("cut.pth")
    for length in stride(from: 40, to: bytes.count, by: 31) {
      try bytes.prefix(length).write(to: place)
      #expect(throws: Failure.self) { try StateDictionary(saved: place) }
    }
  }

  @Test("a storage whose number of elements differs from the pickle is refused")
  func lying() throws {
    var bytes = try Data(contentsOf: Fixture.file("Programs/old.pth"))
    // The last storage of the file is preceded by its number of elements.
    let place = folder.appending("lying.pth")
    let end = try #require(bytes.range(of: Data([12, 0, 0, 0, 0, 0, 0, 0])))
    bytes[end.lowerBound + 5] = 0x7f
    try bytes.write(to: place)
    let failure = #expect(throws: Failure.self) { try StateDictionary(saved: place) }
    #expect(failure?.message.contains("numbers, expected 12") == true, "\(failure?.message ?? "")")
  }
}
