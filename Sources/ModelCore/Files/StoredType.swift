/// The type of the numbers of a tensor in a model file: a type of tensors, or a type with half
/// precision, which is converted to float32 when it is read. The conversion is exact.
package enum StoredType: Equatable, Sendable {
  case element(Tensor.ElementType)
  /// IEEE 754 binary16: a sign, 5 bits of an exponent and 10 bits of a fraction.
  case float16
  /// The upper half of a float32: a sign, 8 bits of an exponent and 7 bits of a fraction.
  case bfloat16

  /// The size of one number in the file, in bytes.
  package var byteCount: Int {
    switch self {
    case .element(let type): type.byteCount
    case .float16, .bfloat16: 2
    }
  }

  /// Copies numbers from memory, which holds them in row-major order and little-endian.
  package func tensor(copying bytes: UnsafeRawBufferPointer, shape: [Int]) -> Tensor {
    switch self {
    case .element(let type): Tensor(copying: bytes, shape: shape, type: type)
    case .float16: Self.widened(bytes, shape, Self.float(binary16:))
    case .bfloat16: Self.widened(bytes, shape) { Float(bitPattern: UInt32($0) << 16) }
    }
  }

  private static func widened(
    _ bytes: UnsafeRawBufferPointer, _ shape: [Int], _ widen: (UInt16) -> Float
  ) -> Tensor {
    let count = bytes.count / 2
    let numbers = [Float](unsafeUninitializedCapacity: count) { numbers, filled in
      for place in 0..<count {
        let bits = bytes.loadUnaligned(fromByteOffset: 2 * place, as: UInt16.self)
        numbers.initializeElement(at: place, to: widen(UInt16(littleEndian: bits)))
      }
      filled = count
    }
    return Tensor(numbers, shape: shape)
  }

  /// The float32 with the value of a binary16 number. Swift's `Float16` is not available on every
  /// platform.
  static func float(binary16 bits: UInt16) -> Float {
    // The exponent and the fraction move to their places in a float32. There, the exponent is too
    // small by the difference of the biases, 127 − 15, and the exponent of infinity is another.
    let moved = UInt32(bits & 0x7fff) << 13
    let isFinite = bits & 0x7c00 != 0x7c00
    let size =
      isFinite ? Float(bitPattern: moved) * 0x1p112 : Float(bitPattern: moved | 0x7f80_0000)
    return bits & 0x8000 == 0 ? size : -size
  }
}
