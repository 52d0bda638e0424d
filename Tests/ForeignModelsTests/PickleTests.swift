import Foundation
import ModelCore
import Support
import Testing

@testable import ForeignModels

@Suite("Pickles that make false statements about their tensors are refused")
struct PickleTests {
  /// A dictionary with one tensor of one dimension, as `torch.save` writes it.
  private func pickle(numbers: Int, size: Int, stride: Int) -> Data {
    func text(_ text: String) -> Data {
      Data([0x58] + little(text.utf8.count, 4)) + Data(text.utf8)
    }
    func number(_ number: Int) -> Data { Data([0x8a, 8] + little(number, 8)) }
    func little(_ number: Int, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
    let storage =
      Data("(".utf8) + text("storage") + Data("ctorch\nFloatStorage\n".utf8) + text("0")
      + text("cpu")
      + number(numbers) + Data("tQ".utf8)
    let shape = number(size) + Data([0x85]) + number(stride) + Data([0x85])
    return Data([0x80, 2]) + Data("}".utf8) + text("w")
      + Data("ctorch._utils\n_rebuild_tensor_v2\n(".utf8) + storage
      + Data([0x4b, 0]) + shape + Data([0x89]) + Data("ccollections\nOrderedDict\n)RtRs.".utf8)
  }

  @Test("the pickle is read if its statements are true")
  func sound() throws {
    let tensors = try Pickle(pickle(numbers: 3, size: 3, stride: 1)).tensors
    #expect(tensors.map(\.shape) == [[3]])
  }

  @Test(
    "sizes and strides that overflow, or are negative, are refused",
    arguments: [
      (3, Int.min, 1), (3, 3, Int.min), (3, -1, 1), (3, 3, -1), (3, Int.max, Int.max),
      (1 << 62, 1 << 62, 1),
      (1 << 62, 1 << 62, 0), (-1, 1, 1), (3, 4, 1),
    ])
  func lies(numbers: Int, size: Int, stride: Int) {
    let failure = #expect(throws: Failure.self) {
      try Pickle(pickle(numbers: numbers, size: size, stride: stride))
    }
    #expect(failure?.kind == .badData)
  }
}
