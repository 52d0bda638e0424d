/// NumPy's format: a text header and then the elements.
extension AwkwardArrays {
  /// An .npy file.
  static func npy(
    _ type: String, _ shape: [Int], _ numbers: [Double], _ set: AwkwardArrays
  ) -> [UInt8] {
    let size = type == "U5" ? 20 : Int(type.dropFirst())!
    let order = size == 1 ? "|" : set.isBigEndian ? ">" : "<"
    let sizes = shape.map { "\($0)," }.joined(separator: " ")
    let header =
      "{'descr': '\(order)\(type)', 'fortran_order': \(set.isFortran ? "True" : "False"), "
      + "'shape': (\(sizes)), }"
    let padded = header + String(repeating: " ", count: 63 - (header.utf8.count + 10) % 64) + "\n"
    let ordered = set.isFortran ? fortran(numbers, shape) : numbers
    let body = ordered.flatMap { number in
      type == "U5"
        ? (0..<5).flatMap { bytes(UInt32($0 == 0 ? 97 + Int(number) : 0), set.isBigEndian) }
        : element(number, type, set.isBigEndian)
    }
    return [0x93] + Array("NUMPY".utf8)
      + [1, 0, UInt8(padded.utf8.count & 255), UInt8(padded.utf8.count >> 8)]
      + Array(padded.utf8) + body
  }

  /// The numbers of an array in row-major order, in column-major order.
  private static func fortran(_ numbers: [Double], _ shape: [Int]) -> [Double] {
    numbers.indices.map { place in
      var (rest, index) = (place, [Int]())
      for size in shape {
        index.append(rest % size)
        rest /= size
      }
      return numbers[zip(index, shape).reduce(0) { $0 * $1.1 + $1.0 }]
    }
  }

  private static func element(_ number: Double, _ type: String, _ isBig: Bool) -> [UInt8] {
    switch type {
    case "f2": bytes(half(number), isBig)
    case "f4": bytes(Float(number).bitPattern, isBig)
    case "f8": bytes(number.bitPattern, isBig)
    case "u1", "b1": [UInt8(number)]
    case "i1": [UInt8(bitPattern: Int8(number))]
    case "u2", "i2": bytes(UInt16(truncatingIfNeeded: Int(number)), isBig)
    case "u4", "i4": bytes(UInt32(truncatingIfNeeded: Int(number)), isBig)
    default: bytes(UInt64(bitPattern: Int64(number)), isBig)
    }
  }

  /// The bits of a number as a half-precision number, rounded towards zero. Numbers below 2⁻¹⁴
  /// become 0. (Swift's `Float16` does not exist on every Mac.)
  private static func half(_ number: Double) -> UInt16 {
    let bits = Float(number).bitPattern
    let sign = UInt16(bits >> 16 & 0x8000)
    guard number.isFinite else { return sign | (number.isNaN ? 0x7e00 : 0x7c00) }
    let exponent = Int(bits >> 23 & 0xff) - 112
    return exponent <= 0 ? sign : sign | UInt16(exponent << 10) | UInt16(bits >> 13 & 0x3ff)
  }

  private static func bytes<Number: FixedWidthInteger>(_ number: Number, _ isBig: Bool) -> [UInt8] {
    withUnsafeBytes(of: isBig ? number.bigEndian : number.littleEndian) { Array($0) }
  }
}
