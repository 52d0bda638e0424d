import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

@Suite("Files that are not models, or contain only code, are refused with a reason")
struct RefusedModelTests {
  let folder = TemporaryFolder()

  private func refusal(_ url: URL, _ notes: ModelNotes = ModelNotes()) -> Failure? {
    let failure = #expect(throws: Failure.self) { try LoadedModel(url, notes: notes) }
    #expect(
      failure?.message.contains(url.path) == true && failure?.message.contains("\n") == false)
    return failure
  }

  @Test("a pickle that calls a function is refused with its name, and nothing is called")
  func malicious() throws {
    let mark = "/tmp/crossfire-was-here"
    try? FileManager.default.removeItem(atPath: mark)
    let failure = refusal(Fixture.file("evil.pth"), try ForeignModelTests.notes)
    #expect(
      failure?.message.hasSuffix(
        "it contains no named tensors; the names in it are '0.weight' "
          + "(pickled code: posix.system)") == true)
    #expect(!FileManager.default.fileExists(atPath: mark))
  }

  @Test("an object beside the weights is skipped, and nothing of it is called")
  func maliciousBeside() throws {
    let mark = "/tmp/crossfire-was-here-too"
    try? FileManager.default.removeItem(atPath: mark)
    let place = folder.appending("weights.pth")
    try PickleWriter.dictionary([
      ("model", .dictionary([("0.weight", .tensor(type: "FloatStorage", count: 1))])),
      ("args", .call("posix", "system", .text("touch \(mark)"))),
    ]).archive([0, 0, 0x80, 0x3f]).write(to: place)
    #expect(try StateDictionary(saved: place).tensors["0.weight"]?.floats() == [1])
    #expect(!FileManager.default.fileExists(atPath: mark))
  }

  @Test(
    "a whole pickled model is refused in both formats, and so are plain pickles and tar archives")
  func otherPickles() throws {
    let module = refusal(Fixture.file("module.pth"), try ForeignModelTests.notes)
    #expect(
      module?.message.hasSuffix("it contains pickled code (__main__.Tiny), which is not loaded")
        == true)
    #expect(module?.hint?.contains("torch.save(model.state_dict()") == true)
    let old = refusal(Fixture.file("Programs/old.module.pth"), try ForeignModelTests.notes)
    #expect(
      old?.message.contains("it contains pickled code (__main__.Base), which is not loaded") == true
    )
    let plain = folder.appending("plain.pkl")
    try Data([0x80, 2, 0x4e, 0x2e]).write(to: plain)
    #expect(refusal(plain)?.message.contains("a plain pickle, which torch.save does not") == true)
    let tar = folder.appending("old.pth.tar")
    try (Data("sys_info".utf8) + Data(count: 249) + Data("ustar".utf8) + Data(count: 250))
      .write(to: tar)
    let failure = refusal(tar)
    #expect(
      failure?.message.contains("a tar archive, as PyTorch wrote before version 0.1.10") == true)
    #expect(failure?.hint?.contains("torch.save(model.state_dict()") == true)
  }

  @Test(
    "archives of torch.export are named, and are not taken for others",
    arguments: ["archive_format", "archive_version", "serialized_exported_program.json"])
  func exported(_ member: String) throws {
    let place = folder.appending("model.pt2")
    try storedZip([("model/\(member)", Data("pt2".utf8)), ("model/data.pkl", Data())])
      .write(to: place)
    let failure = refusal(place)
    #expect(failure?.message.contains("an archive of torch.export (.pt2)") == true)
    #expect(failure?.hint?.contains("torch.jit.trace(model.eval(), images)") == true)
  }

  @Test("a zip archive of something else is not called one that PyTorch wrote")
  func otherArchive() throws {
    let place = folder.appending("pictures.zip")
    try storedZip([("a.png", Data("x".utf8))]).write(to: place)
    #expect(refusal(place)?.message.contains("not one that PyTorch wrote") == true)
  }

  @Test("an entry is refused for files that have none")
  func entry() throws {
    var notes = ModelNotes()
    notes.entry = "ema"
    let failure = refusal(Fixture.file("tiny.pt"), notes)
    #expect(failure?.message.contains("entry 'ema' is for checkpoints of PyTorch") == true)
  }

  @Test("a state dictionary without an architecture or a shape asks for it")
  func noNetwork() throws {
    var notes = ModelNotes()
    notes.input = InputShape(channels: 3, height: 16, width: 16)
    #expect(
      refusal(Fixture.file("tiny.pth"), notes)?.hint?.contains("give its architecture") == true)
    #expect(
      refusal(Fixture.file("tiny.pth"))?.message.contains("input shape unknown") == true)
  }

  @Test(
    "a file of an unknown kind is refused",
    arguments: [
      ("", "the file is empty"),
      ("PK\u{3}\u{4}" + String(repeating: "x", count: 40), "not a sound zip archive"),
      ("hello, world, this is text", "it is not a model file"), ("\u{8}\u{7}", "it has no graph"),
    ])
  func unknown(_ content: String, _ words: String) throws {
    let place = folder.appending("model")
    try Data(content.unicodeScalars.map { UInt8($0.value) }).write(to: place)
    #expect(refusal(place)?.message.contains(words) == true)
  }

  @Test("a truncated TorchScript file is refused")
  func truncatedScript() throws {
    let place = folder.appending("cut.pt")
    try Data(contentsOf: Fixture.file("tiny.pt")).prefix(9000).write(to: place)
    #expect(refusal(place)?.message.contains("it has no table of contents at its end") == true)
  }

  /// A valid state dictionary with one field overwritten in every entry of the archive's directory.
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

  @Test("archives whose members are compressed, encrypted or not within the file are refused")
  func lyingArchives() throws {
    let notes = try ForeignModelTests.notes
    #expect(refusal(try archive(10, [8, 0]), notes)?.message.contains("is compressed") == true)
    #expect(
      refusal(try archive(42, [0xf0, 0xff, 0xff, 0x7f]), notes)?.message.contains(
        "lie outside the file") == true)
    #expect(
      refusal(try archive(20, [0xf0, 0xff, 0xff, 0x7f]), notes)?.message.contains(
        "lie outside the file") == true)
    #expect(
      refusal(try archive(24, [0xf0, 0xff, 0xff, 0x7f]), notes)?.message.contains("has two sizes")
        == true)
    #expect(
      refusal(try archive(28, [0xff, 0xff]), notes)?.message.contains(
        "table of contents is damaged") == true)
    #expect(refusal(try archive(8, [1, 0]), notes)?.message.contains("is encrypted") == true)
  }

  @Test("a file that does not exist is missing")
  func missing() {
    let place = folder.appending("nothing.pt")
    let failure = #expect(throws: Failure.self) { try LoadedModel(place) }
    #expect(failure == .missing("No such file: \(place.path)"))
    #expect(refusal(folder.url)?.message.contains("the folder has no weights") == true)
  }
}
