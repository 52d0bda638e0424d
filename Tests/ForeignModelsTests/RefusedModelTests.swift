import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

@Suite("Files that are no models, or would run something, are refused in words that help")
struct RefusedModelTests {
  let folder = TemporaryFolder()

  private func refusal(_ url: URL, _ notes: ModelNotes = ModelNotes()) -> Failure? {
    let failure = #expect(throws: Failure.self) { try LoadedModel(url, notes: notes) }
    #expect(
      failure?.message.hasPrefix(url.path) == true && failure?.message.contains("\n") == false)
    return failure
  }

  @Test("a pickle that calls a program is refused at its name, and nothing is called")
  func malicious() throws {
    let mark = "/tmp/crossfire-was-here"
    try? FileManager.default.removeItem(atPath: mark)
    let failure = refusal(Fixture.file("evil.pth"), try ForeignModelTests.notes)
    #expect(
      failure?.message.hasSuffix(
        "it names posix.system, which would have to be run; only tensors in plain containers are read"
      ) == true)
    #expect(!FileManager.default.fileExists(atPath: mark))
  }

  @Test("a whole pickled model, half precision, and the format before 1.6")
  func otherPickles() throws {
    let module = refusal(Fixture.file("module.pth"), try ForeignModelTests.notes)
    #expect(module?.message.contains("it names __main__.Tiny") == true)
    #expect(module?.hint?.contains("torch.save(model.state_dict()") == true)
    let half = refusal(Fixture.file("half.pth"), try ForeignModelTests.notes)
    #expect(
      half?.message.contains("torch.HalfStorage") == true
        && half?.hint?.contains("model.float()") == true)
    let legacy = refusal(Fixture.file("legacy.pth"), try ForeignModelTests.notes)
    #expect(legacy?.message.contains("a plain pickle, as PyTorch wrote before 1.6") == true)
  }

  @Test("a state dictionary without a network asks for one")
  func noNetwork() throws {
    var notes = ModelNotes()
    notes.input = InputShape(channels: 3, height: 16, width: 16)
    #expect(
      refusal(Fixture.file("tiny.pth"), notes)?.hint?.contains("name its architecture") == true)
    #expect(
      refusal(Fixture.file("tiny.pth"))?.message.contains("does not say what images it takes")
        == true)
  }

  @Test(
    "files that are nothing known",
    arguments: [
      ("", "the file is empty"),
      ("PK\u{3}\u{4}" + String(repeating: "x", count: 40), "not a sound zip archive"),
      ("hello, world, this is text", "it is no model file"), ("\u{8}\u{7}", "it has no graph"),
    ])
  func unknown(_ content: String, _ words: String) throws {
    let place = folder.appending("model")
    try Data(content.unicodeScalars.map { UInt8($0.value) }).write(to: place)
    #expect(refusal(place)?.message.contains(words) == true)
  }

  @Test("a TorchScript file that is cut off")
  func truncatedScript() throws {
    let place = folder.appending("cut.pt")
    try Data(contentsOf: Fixture.file("tiny.pt")).prefix(9000).write(to: place)
    #expect(refusal(place)?.message.contains("it has no table of contents at its end") == true)
  }

  /// A sound state dictionary with a field of each directory entry of its archive overwritten.
  private func archive(_ field: Int, _ bytes: [UInt8]) throws -> URL {
    var data = try Data(contentsOf: Fixture.file("tiny.pth"))
    let mark = Data([0x50, 0x4b, 0x01, 0x02])
    var place = data.startIndex
    while let found = data.range(of: mark, in: place..<data.endIndex) {
      data.replaceSubrange(
        found.lowerBound + field..<found.lowerBound + field + bytes.count, with: bytes)
      place = found.upperBound
    }
    let url = folder.appending("lying.pth")
    try data.write(to: url)
    return url
  }

  @Test("archives whose members are compressed, lie outside the file, or are larger than it")
  func lyingArchives() throws {
    let notes = try ForeignModelTests.notes
    #expect(refusal(try archive(10, [8, 0]), notes)?.message.contains("is compressed") == true)
    #expect(
      refusal(try archive(42, [0xf0, 0xff, 0xff, 0x7f]), notes)?.message.contains(
        "does not lie in the file") == true)
    #expect(
      refusal(try archive(20, [0xf0, 0xff, 0xff, 0x7f]), notes)?.message.contains(
        "does not lie in the file") == true)
    #expect(
      refusal(try archive(24, [0xf0, 0xff, 0xff, 0x7f]), notes)?.message.contains("has two sizes")
        == true)
    #expect(
      refusal(try archive(28, [0xff, 0xff]), notes)?.message.contains(
        "table of contents is damaged") == true)
    #expect(refusal(try archive(8, [1, 0]), notes)?.message.contains("is encrypted") == true)
  }

  @Test("a file that is not there is missing")
  func missing() {
    let failure = #expect(throws: Failure.self) { try LoadedModel(folder.appending("nothing.pt")) }
    #expect(failure?.kind == .missing)
  }
}
