import Foundation
import Support
import TestSupport
import Testing

@testable import ModelCore

@Suite("A damaged safetensors file is refused, or read within its size")
struct SafetensorsMutationTests {
  let folder = TemporaryFolder()
  var place: URL { folder.appending("damaged.safetensors") }

  /// A small file with three tensors.
  private func sound() throws -> Data {
    let tensors: [(name: String, tensor: Tensor)] = [
      ("0.weight", Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])),
      ("0.bias", Tensor([1, 2] as [Double], shape: [2])),
      ("counter", Tensor([7] as [Int64], shape: [])),
    ]
    let url = folder.appending("sound.safetensors")
    try SafetensorsFile.write(tensors, metadata: ["crossfire": "{}"], to: url)
    return try Data(contentsOf: url)
  }

  /// Reads all tensors of a file. If the file is accepted, its tensors must have the shapes that it
  /// states, and fill it exactly.
  private func read(_ bytes: Data) throws -> Bool {
    try bytes.write(to: place)
    do {
      let file = try SafetensorsFile(place)
      let tensors = try file.tensors()
      let header = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
      let sizes = tensors.values.map { $0.rawBytes().count }
      #expect(8 + header + sizes.reduce(0, +) == bytes.count)
      for (name, tensor) in tensors { #expect(tensor.shape == file.shape(name)) }
      return true
    } catch is Failure {
      return false
    }
  }

  @Test("a truncated file is refused, wherever it ends, and so is a longer one")
  func truncated() throws {
    let sound = try sound()
    #expect(try read(sound))
    for length in 0..<sound.count { #expect(try !read(sound.prefix(length)), "\(length) bytes") }
    for extra in 1...9 { #expect(try !read(sound + Data(repeating: 0x20, count: extra))) }
  }

  @Test(
    "of 1,000 files with one or two changed bytes, each is read within its size or refused",
    arguments: [1, 2, 3])
  func mutated(_ seed: UInt64) throws {
    let sound = try sound()
    let draws = RandomSource(Seed(seed).derive("mutations")).integers(below: 1 << 30, [1000, 8])
      .int64s().map(Int.init)
    var accepted = 0
    for trial in 0..<1000 {
      let draw = Array(draws[trial * 8..<trial * 8 + 8])
      var bytes = sound
      for change in 0...(draw[0] % 2) {
        let place = draw[1 + change] % bytes.count
        let value = UInt8(draw[3 + change] % 256)
        switch draw[5 + change] % 6 {
        case 0: bytes[place] = value
        case 1: bytes[place] ^= 1 << (value % 8)
        case 2: bytes.insert(value, at: place)
        case 3: bytes.remove(at: place)
        case 4: bytes.swapAt(place, Int(value) % bytes.count)
        default:
          let digits = bytes.indices.filter { (0x30...0x39).contains(bytes[$0]) }
          bytes[digits[place % digits.count]] = 0x30 + value % 10
        }
      }
      if try read(bytes) { accepted += 1 }
    }
    // A change of a tensor's numbers, or of a blank, cannot be noticed.
    #expect(accepted > 0 && accepted < 700)
  }
}
