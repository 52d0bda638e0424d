import Foundation
import ModelCore
import TestSupport
import Testing

/// Python on this machine, which may have the library `safetensors`.
private enum Python {
  static let hasSafetensors = run("import safetensors.numpy") == ""

  /// The output of a program; nil if it fails or there is no Python.
  static func run(_ program: String, _ arguments: String...) -> String? {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-c", program] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let text = try? output.fileHandleForReading.readToEnd()
    process.waitUntilExit()
    return process.terminationStatus == 0 ? String(decoding: text ?? Data(), as: UTF8.self) : nil
  }
}

@Suite(
  "Safetensors files agree with the Python library of the format",
  .enabled(
    if: Python.hasSafetensors,
    "not compared: python3 on this machine has no modules safetensors and numpy"))
struct SafetensorsPythonTests {
  let folder = TemporaryFolder()

  @Test("Python reads a file that Crossfire wrote")
  func written() throws {
    let place = folder.appending("ours.safetensors")
    let tensors: [(name: String, tensor: Tensor)] = [
      ("0.weight", Tensor([1, -2.5] as [Float], shape: [1, 2])),
      ("empty", Tensor.zeros([0, 3], type: .int64)),
      ("1.ü", Tensor([7] as [Int64], shape: [])),
    ]
    try SafetensorsFile.write(tensors, metadata: ["crossfire": "{\"a\": 1}"], to: place)
    let program = """
      import sys
      from safetensors import deserialize
      for name, t in sorted(deserialize(open(sys.argv[1], "rb").read())):
          print(name, t["dtype"], t["shape"], bytes(t["data"]).hex() or "nothing")
      """
    #expect(
      Python.run(program, place.path) == """
        0.weight F32 [1, 2] 0000803f000020c0
        1.ü I64 [] 0700000000000000
        empty I64 [0, 3] nothing

        """)
  }

  @Test("Crossfire reads a file that Python wrote")
  func read() throws {
    let place = folder.appending("theirs.safetensors")
    let program = """
      import sys
      import numpy
      from safetensors.numpy import save_file
      tensors = {"b": numpy.array([1, -2.5], dtype="float32"), "a": numpy.array([9], dtype="int64")}
      save_file(tensors, sys.argv[1], {"layers": "[]"})
      """
    #expect(Python.run(program, place.path) == "")
    let file = try SafetensorsFile(place)
    #expect(file.metadata == ["layers": "[]"])
    #expect(try file.tensor("b").floats() == [1, -2.5])
    #expect(try file.tensor("a").int64s() == [9])
  }
}
