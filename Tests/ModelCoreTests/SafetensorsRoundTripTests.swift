import Foundation
import Support
import TestSupport
import Testing

@testable import ModelCore

@Suite("Safetensors files are read as they were written")
struct SafetensorsRoundTripTests {
  let folder = TemporaryFolder()
  var place: URL { folder.appending("tensors.safetensors") }

  static let tensors: [(name: String, tensor: Tensor)] = [
    (
      "float32",
      Tensor(
        [1.5, -.infinity, .nan, -0.0, .leastNonzeroMagnitude, 3e38] as [Float], shape: [2, 3])
    ),
    ("float64", Tensor([1e-300, .pi] as [Double], shape: [2, 1])),
    ("int64", Tensor([.min, -1, .max] as [Int64], shape: [3])),
    ("int32", Tensor([-7, 1 << 30] as [Int64], shape: [2]).to(.int32)),
    ("uint8", Tensor([0, 255, 7] as [UInt8], shape: [1, 3, 1])),
    ("bool", Tensor([1, 0, 1] as [Float], shape: [3]).equals(1)),
    ("scalar", Tensor.full(2.5, shape: [])),
    ("empty", Tensor.zeros([0])),
    ("empty.matrix", Tensor.zeros([3, 0, 2], type: .int64)),
    ("name with \"quotes\", ünïcode / and \\", Tensor.ones([1])),
    ("channels last", Tensor.range(120).reshaped([2, 3, 4, 5]).to(.float32).channelsLast),
  ]

  @Test("tensors of every type and shape keep every bit")
  func everyType() throws {
    try SafetensorsFile.write(Self.tensors, metadata: ["a": "b", "ü\n": "\"{}\""], to: place)
    let file = try SafetensorsFile(place)
    #expect(file.metadata == ["a": "b", "ü\n": "\"{}\""])
    #expect(Set(file.names) == Set(Self.tensors.map(\.name)))
    for (name, tensor) in Self.tensors {
      let found = try file.tensor(name)
      #expect(found.type == tensor.type, "\(name)")
      #expect(found.shape == tensor.shape, "\(name)")
      #expect(found.rawBytes() == tensor.rawBytes(), "\(name)")
      #expect(file.shape(name) == tensor.shape)
      #expect(file.contains(name))
    }
    #expect(try file.tensors().count == Self.tensors.count)
  }

  @Test("a file without tensors is read")
  func nothing() throws {
    try SafetensorsFile.write([], metadata: [:], to: place)
    #expect(try SafetensorsFile(place).names == [])
    #expect(try SafetensorsFile(place).tensors().isEmpty)
  }

  @Test("the bytes of a file follow the format")
  func bytes() throws {
    let pair = Tensor([1, -2] as [Float], shape: [2])
    try SafetensorsFile.write(
      [("a", pair), ("b", Tensor([5] as [UInt8], shape: [1]))], metadata: ["format": "pt"],
      to: place)
    let header =
      #"{"__metadata__":{"format":"pt"},"a":{"data_offsets":[0,8],"dtype":"F32","shape":[2]},"#
      + #""b":{"data_offsets":[8,9],"dtype":"U8","shape":[1]}}"#
    // Blanks fill the header up to a multiple of eight bytes.
    let filled = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    let length = [UInt8(filled.utf8.count), 0, 0, 0, 0, 0, 0, 0]
    let numbers: [UInt8] = [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 5]
    #expect(Array(try Data(contentsOf: place)) == length + Array(filled.utf8) + numbers)
  }

  @Test("a name that no tensor has is refused with the nearest name")
  func unknown() throws {
    try SafetensorsFile.write([("weight", Tensor.ones([1]))], metadata: [:], to: place)
    let expected = Failure.badData(
      "\(place.path) has no tensor 'weigth'", hint: "did you mean 'weight'? (known: weight)")
    #expect(throws: expected) { try SafetensorsFile(place).tensor("weigth") }
  }

  @Test("a file that becomes shorter after its header was read is refused")
  func shortened() throws {
    try SafetensorsFile.write([("weight", Tensor.ones([100]))], metadata: [:], to: place)
    let file = try SafetensorsFile(place)
    try Data(contentsOf: place).dropLast(1).write(to: place)
    #expect(throws: Failure.badData("\(place.path) became shorter while it was read")) {
      try file.tensor("weight")
    }
  }

  @Test("a file that does not exist is missing, and a folder is refused by its name")
  func missing() {
    #expect(throws: Failure.missing("No such file: \(place.path)")) { try SafetensorsFile(place) }
    let failure = #expect(throws: Failure.self) { try SafetensorsFile(folder.url) }
    #expect(failure?.message == "cannot read \(folder.url.path)")
    #expect(failure?.hint == "it is a folder; give a file")
  }
}
