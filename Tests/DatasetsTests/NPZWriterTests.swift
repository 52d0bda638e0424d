import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

@Suite("Writing NumPy archives")
struct NPZWriterTests {
  @Test("tensors of every element type are read back unchanged")
  func roundTrip() throws {
    let folder = TemporaryFolder()
    let place = folder.url.appending(path: "x.npz")
    let tensors: [(name: String, tensor: Tensor)] = [
      ("a", Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])),
      ("b.0.1", Tensor([7, -8] as [Int64], shape: [2])),
      ("c", Tensor([0, 255] as [UInt8], shape: [1, 2, 1])),
      ("d", Tensor([0.5] as [Double], shape: [])),
    ]
    try NPZWriter.write(tensors, to: place)
    let zip = try ZipArchive(Data(contentsOf: place), what: "f")
    #expect(zip.names == ["a.npy", "b.0.1.npy", "c.npy", "d.npy"])
    for (name, tensor) in tensors {
      let found = try NPY.tensor(zip.content(name + ".npy"), named: name)
      #expect(found.shape == tensor.shape && found.type == tensor.type)
      #expect(found.rawBytes() == tensor.rawBytes())
    }
  }

  @Test("arrays that are written in turn, a few rows at a time, are the same file")
  func stream() throws {
    let folder = TemporaryFolder()
    let random = RandomSource(Seed(1))
    let (a, b) = (random.normal([5, 2, 3]), Tensor([1, 2, 3, 4, 5] as [Int64], shape: [5]))
    let whole = folder.url.appending(path: "whole.npz")
    try NPZWriter.write([("a", a), ("b", b)], to: whole)
    let parts = folder.url.appending(path: "parts.npz")
    let stream = try NPZStream(parts, [.init("a", [5, 2, 3]), .init("b", [5], .int64)])
    for range in [0..<2, 2..<5] {
      try stream.append(b.narrow(0, range.lowerBound, range.count), to: "b")
      try stream.append(a.narrow(0, range.lowerBound, range.count), to: "a")
    }
    #expect(!FileManager.default.fileExists(atPath: parts.path))
    try stream.finish()
    #expect(try Data(contentsOf: parts) == Data(contentsOf: whole))
  }

  @Test("a stream of more than 4 GB is refused before anything is written")
  func tooLarge() throws {
    let folder = TemporaryFolder()
    #expect(throws: Failure.self) {
      _ = try NPZStream(
        folder.url.appending(path: "x.npz"), [.init("a", [20_000, 3, 224, 224])])
    }
  }

  private static let python = ["/usr/bin/python3", "/usr/local/bin/python3"].first { path in
    guard FileManager.default.isExecutableFile(atPath: path) else { return false }
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = ["-c", "import numpy"]
    process.standardError = FileHandle.nullDevice
    return (try? process.run()).map { process.waitUntilExit() } != nil
      && process.terminationStatus == 0
  }

  @Test(
    "numpy.load opens an archive",
    .enabled(if: python != nil, "no Python with NumPy is on this machine"))
  func numpy() throws {
    let folder = TemporaryFolder()
    let place = folder.url.appending(path: "x.npz")
    try NPZWriter.write(
      [("a", Tensor([1, 2.5, 3, 4, 5, 6] as [Float], shape: [2, 3]))], to: place)
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: try #require(Self.python))
    process.arguments = [
      "-c", "import numpy; a = numpy.load('\(place.path)')['a']; print(a.dtype, a.tolist())",
    ]
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    #expect(text == "float32 [[1.0, 2.5, 3.0], [4.0, 5.0, 6.0]]\n")
  }
}
