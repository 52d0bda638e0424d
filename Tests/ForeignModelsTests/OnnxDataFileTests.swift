import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import ForeignModels

@Suite("The numbers of an ONNX model may be in a file beside it, and nowhere else")
struct OnnxDataFileTests {
  let folder = TemporaryFolder()
  private let model: URL
  private let data: URL

  init() throws {
    model = folder.appending("theirs.onnx")
    data = folder.appending("theirs.onnx.data")
    try FileManager.default.copyItem(at: Fixture.file("theirs.onnx"), to: model)
    try FileManager.default.copyItem(at: Fixture.file("theirs.onnx.data"), to: data)
  }

  private func refusal() -> Failure? {
    #expect(throws: Failure.self) { try LoadedModel(model) }
  }

  /// Replaces all texts of the model that are equal to `old` by another of the same length.
  private func replace(_ old: String, _ new: String) throws {
    var bytes = try Data(contentsOf: model)
    #expect(old.utf8.count == new.utf8.count)
    while let place = bytes.firstRange(of: Data(old.utf8)) {
      bytes.replaceSubrange(place, with: Data(new.utf8))
    }
    try bytes.write(to: model)
  }

  @Test("the model has weights, and its fingerprint covers the file with the numbers")
  func read() throws {
    let first = try LoadedModel(model)
    #expect(first.classifier.inputShape == InputShape(channels: 1, height: 8, width: 8))
    #expect(first.parameters == 4 * 9 + 4 + 144 * 3 + 3)
    let images = RandomSource(Seed(1)).uniform([3, 1, 8, 8])
    let logits = first.classifier.logits(images).detached.floats()
    #expect(Set(logits).count > 3)
    var bytes = try Data(contentsOf: data)
    bytes.swapAt(0, 4)
    try bytes.write(to: data)
    #expect(try LoadedModel(model).fingerprint != first.fingerprint)
  }

  @Test("a missing file, and one that is too short, are named")
  func incomplete() throws {
    try Data(contentsOf: data).prefix(100).write(to: data)
    #expect(refusal()?.message.contains("of 'theirs.onnx.data', which has 100") == true)
    try FileManager.default.removeItem(at: data)
    let failure = refusal()
    #expect(failure?.kind == .missing)
    #expect(
      failure?.message.contains(
        "has its numbers in 'theirs.onnx.data', and there is no such file beside the model")
        == true,
      "\(failure?.message ?? "")")
  }

  @Test(
    "a path that leads out of the folder is refused",
    arguments: ["../irs.onnx.data", "/etc/irs.on.data", "sub/ir.onnx.data", "./heirs.onnx.dat"])
  func paths(_ path: String) throws {
    try replace("theirs.onnx.data", path)
    #expect(
      refusal()?.message.contains("expected the name of a file in the folder of the model") == true)
  }

  @Test("a link to another folder, and a folder, are refused; a link within the folder is followed")
  func links() throws {
    let manager = FileManager.default
    let elsewhere = TemporaryFolder()
    try manager.moveItem(at: data, to: elsewhere.appending("numbers"))
    try manager.createSymbolicLink(at: data, withDestinationURL: elsewhere.appending("numbers"))
    #expect(refusal()?.message.contains("a link to another folder, or not a file") == true)
    try manager.removeItem(at: data)
    try manager.createDirectory(at: data, withIntermediateDirectories: false)
    #expect(refusal()?.message.contains("a link to another folder, or not a file") == true)
    try manager.removeItem(at: data)
    try manager.moveItem(at: elsewhere.appending("numbers"), to: folder.appending("numbers"))
    try manager.createSymbolicLink(at: data, withDestinationURL: folder.appending("numbers"))
    _ = try LoadedModel(model)
  }

  @Test("a model and its numbers that are links to files in one other folder are read")
  func linkedDownload() throws {
    let manager = FileManager.default
    let snapshot = TemporaryFolder()
    for file in [model, data] {
      try manager.createSymbolicLink(
        at: snapshot.appending(file.lastPathComponent), withDestinationURL: file)
    }
    let linked = try LoadedModel(snapshot.appending("theirs.onnx"))
    #expect(try linked.fingerprint == LoadedModel(model).fingerprint)
  }

  @Test(
    "places that the file does not have are refused",
    arguments: [
      ("offset", "-1", "impossible offset"), ("offset", "x", "impossible offset"),
      ("offset", "9223372036854775807", "needs the bytes"), ("offset", "3", "needs the bytes"),
      ("length", "5", "expected 8"), ("length", "-8", "impossible length"),
      ("location", "", "expected the name of a file"), ("location", "..", "expected the name"),
    ])
  func places(_ key: String, _ value: String, _ words: String) throws {
    try Data(count: 10).write(to: folder.appending("ten"))
    let files = OnnxDataFiles(of: model)
    let entry = ["location": "ten", "offset": "2", "length": "8"]
    #expect(try files.bytes(entry, count: 8, "tensor").count == 8)
    let failure = #expect(throws: Failure.self) {
      try files.bytes(entry.merging([key: value]) { $1 }, count: 8, "tensor")
    }
    #expect(failure?.message.contains(words) == true, "\(failure?.message ?? "")")
  }

  @Test("a file that very many tensors share is refused")
  func shared() throws {
    try Data(count: 10).write(to: folder.appending("ten"))
    let files = OnnxDataFiles(of: model)
    for _ in 0..<4 { _ = try files.bytes(["location": "ten"], count: 10, "tensor") }
    #expect(throws: Failure.self) { try files.bytes(["location": "ten"], count: 10, "tensor") }
  }
}
