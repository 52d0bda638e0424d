import Foundation
import Support
import TestSupport
import Testing

@testable import ModelCore

@Suite("Numbers in half precision are read exactly")
struct StoredTypeTests {
  /// The value of a binary16 number by its definition (IEEE 754-2019, 3.4).
  private func value(_ bits: UInt16) -> Double {
    let exponent = Int(bits >> 10 & 0x1f)
    let fraction = Double(bits & 0x3ff) / 1024
    let size =
      exponent == 0 ? fraction * exp2(-14) : (1 + fraction) * exp2(Double(exponent - 15))
    return bits >> 15 == 0 ? size : -size
  }

  @Test("every binary16 number has its value")
  func binary16() {
    for bits in UInt16.min...UInt16.max {
      let found = StoredType.float(binary16: bits)
      guard bits & 0x7c00 != 0x7c00 else {
        #expect(bits & 0x3ff == 0 ? found.isInfinite : found.isNaN)
        continue
      }
      #expect(Double(found) == value(bits), "\(bits)")
      #expect(found.sign == (bits >> 15 == 0 ? .plus : .minus))
    }
    #expect(StoredType.float(binary16: 0x7c00) == .infinity)
    #expect(StoredType.float(binary16: 0xfc00) == -.infinity)
  }

  @Test(
    "safetensors files with such numbers give float32",
    arguments: [("F16", [0x00, 0x3e, 0x00, 0xc0]), ("BF16", [0xc0, 0x3f, 0x00, 0xc0])])
  func safetensors(_ type: String, _ bytes: [UInt8]) throws {
    let folder = TemporaryFolder()
    let place = folder.appending("half.safetensors")
    let header = #"{"a":{"dtype":"\#(type)","shape":[2],"data_offsets":[0,4]}}"#
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
    try Data(length + Array(header.utf8) + bytes).write(to: place)
    let tensor = try SafetensorsFile(place).tensor("a")
    #expect(tensor.type == .float32 && tensor.floats() == [1.5, -2])
  }

  @Test("tensors without numbers are read")
  func empty() {
    let bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    #expect(StoredType.float16.tensor(copying: bytes, shape: [0, 3]).shape == [0, 3])
  }
}
