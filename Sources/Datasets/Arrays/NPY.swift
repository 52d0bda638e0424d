import Foundation
import ModelCore
import Support

/// Reads NumPy's `.npy` files, versions 1 to 3: one array, as a text header and then the elements.
///
/// Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
enum NPY {
  static let signature: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// NumPy's names of element types, without the character for the byte order, with the type that
  /// they become and their size in bytes.
  private static let types: [String: (type: Tensor.ElementType, size: Int)] = [
    "u1": (.uint8, 1), "b1": (.bool, 1), "i1": (.int64, 1), "i2": (.int64, 2), "i4": (.int64, 4),
    "i8": (.int64, 8), "u2": (.int64, 2), "u4": (.int64, 4), "u8": (.int64, 8),
    "f2": (.float32, 2), "f4": (.float32, 4), "f8": (.float64, 8),
  ]

  /// Reads the array in the bytes of a file, in row-major order whatever the order of the file is.
  /// - Returns: a tensor of the file's type for uint8, truth values, float32 and float64. float16
  ///   becomes float32, and all other whole numbers become int64.
  /// - Throws: `Failure.badData` if the file does not hold an array of numbers, or if its size is
  ///   not the one that its header states.
  static func tensor(_ bytes: [UInt8], named file: String) throws -> Tensor {
    var reader = ByteReader(bytes[...], named: file)
    guard bytes.starts(with: signature) else {
      throw Failure.badData(
        "\(file): expected a NumPy array, found other data", hint: "is this another kind of file?")
    }
    _ = try reader.take(signature.count)
    let version = try reader.number(1)
    guard (1...3).contains(version), try reader.number(1) == 0 else {
      throw Failure.badData(
        "\(file): expected an .npy file of version 1 to 3, found version \(version)",
        hint: "save it with numpy.save")
    }
    let length = Int(try reader.number(version == 1 ? 2 : 4))
    guard length <= 1 << 16 else {
      throw Failure.badData("\(file): expected a header of at most 65536 bytes, found \(length)")
    }
    let header = try Header(String(decoding: reader.take(length), as: UTF8.self), named: file)
    guard let (type, size) = types[String(header.type.dropFirst())] else {
      let (found, advice) = describe(header.type)
      throw Failure.badData(
        "\(file): expected numbers or truth values, found \(found) ('\(header.type)')",
        hint: advice)
    }
    let count = try checkedProduct(header.shape, limit: SizeLimits.array / size, named: file)
    guard reader.left == count * size else {
      throw Failure.badData(
        "\(file): the header states \(header.shape) = \(count * size) bytes, "
          + "the file holds \(reader.left)",
        hint: "the file is cut short or damaged: write it again")
    }
    let raw = try reader.take(count * size)
    let elements = header.type.hasPrefix(">") && size > 1 ? swapped(raw, size) : Array(raw)
    // Column-major order is the row-major order of the array with its dimensions reversed.
    let stored = header.isColumnMajor ? header.shape.reversed() : header.shape
    let tensor = make(elements, stored, type, code: String(header.type.dropFirst()))
    return header.isColumnMajor && stored.count > 1
      ? tensor.permuted(Array(stored.indices.reversed())).contiguous : tensor
  }

  /// What elements of a type that is not read are, and what to do about them.
  private static func describe(_ type: String) -> (found: String, advice: String) {
    switch type.dropFirst().first {
    case "U", "S":
      (
        "texts",
        "replace them by numbers: names, numbers = numpy.unique(texts, return_inverse=True)"
      )
    case "O":
      (
        "Python objects",
        "make an array of numbers of them, array = numpy.array(array.tolist()), and save it"
      )
    case "c": ("complex numbers", "save their absolute values: numpy.abs(array)")
    case "M", "m": ("times", "convert the array with astype('int64')")
    default: ("other elements", "convert the array, for example with astype('float32')")
    }
  }

  /// The elements with the bytes of each reversed.
  private static func swapped(_ bytes: ArraySlice<UInt8>, _ size: Int) -> [UInt8] {
    let bytes = Array(bytes)
    return bytes.indices.map { bytes[$0 / size * size + size - 1 - $0 % size] }
  }

  private static func make(
    _ bytes: [UInt8], _ shape: [Int], _ type: Tensor.ElementType, code: String
  ) -> Tensor {
    bytes.withUnsafeBytes { raw in
      switch code {
      case "b1": return Tensor(raw.map { UInt8($0 == 0 ? 0 : 1) }, shape: shape).to(.bool)
      case "f2": return StoredType.float16.tensor(copying: raw, shape: shape)
      default: break
      }
      guard type == .int64, code != "i8" else {
        return Tensor(copying: raw, shape: shape, type: type)
      }
      let numbers: [Int64] =
        switch code {
        case "i1": raw.bindMemory(to: Int8.self).map(Int64.init)
        case "i2": raw.bindMemory(to: Int16.self).map { Int64(Int16(littleEndian: $0)) }
        case "i4": raw.bindMemory(to: Int32.self).map { Int64(Int32(littleEndian: $0)) }
        case "u2": raw.bindMemory(to: UInt16.self).map { Int64(UInt16(littleEndian: $0)) }
        case "u4": raw.bindMemory(to: UInt32.self).map { Int64(UInt32(littleEndian: $0)) }
        // A number too large for int64 becomes the largest int64, which is refused as a label or
        // group.
        default: raw.bindMemory(to: UInt64.self).map { Int64(clamping: UInt64(littleEndian: $0)) }
        }
      return Tensor(numbers, shape: shape)
    }
  }

  /// The header of an array: a Python dictionary such as `{'descr': '<f4', 'fortran_order': False,
  /// 'shape': (3, 4), }`.
  private struct Header {
    let type: String
    let isColumnMajor: Bool
    let shape: [Int]

    init(_ text: String, named file: String) throws {
      func wrong(
        _ what: String, hint: String = "save it with numpy.save or numpy.savez"
      ) -> Failure { .badData("\(file): the header of the array \(what)", hint: hint) }
      func after(_ name: String) throws -> Substring {
        guard let place = text.range(of: "'\(name)':") else {
          throw wrong("has no entry '\(name)'")
        }
        return text[place.upperBound...].drop { $0 == " " }
      }
      let type = try after("descr")
      guard type.first == "'", let end = type.dropFirst().firstIndex(of: "'") else {
        throw wrong(
          "must describe numbers, not records",
          hint: "save each field of the records as an array of its own")
      }
      self.type = String(type[type.index(after: type.startIndex)..<end])
      let order = try after("fortran_order")
      guard order.hasPrefix("True") || order.hasPrefix("False") else {
        throw wrong("must state fortran_order as True or False")
      }
      isColumnMajor = order.hasPrefix("True")
      let sizes = try after("shape")
      guard sizes.first == "(", let close = sizes.firstIndex(of: ")") else {
        throw wrong("must state the shape as numbers in parentheses")
      }
      let words = sizes[..<close].dropFirst().split(separator: ",").map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      shape = try words.filter { !$0.isEmpty }.map {
        guard let size = Int($0), size >= 0 else {
          throw wrong("has the impossible size '\($0.prefix(40))'")
        }
        return size
      }
      guard shape.count <= 8 else { throw wrong("has \(shape.count) dimensions, more than 8") }
    }
  }
}
