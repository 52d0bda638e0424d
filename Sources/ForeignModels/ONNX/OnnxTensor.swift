import Foundation
import ModelCore
import Support

/// Reads a tensor that is stored in an ONNX file.
enum OnnxTensor {
  /// ONNX's codes of the element types that are supported: how the numbers are stored, and what
  /// they become. Everything with a fraction is computed in float32.
  static let types: [Int: (stored: StoredType, becomes: Tensor.ElementType)] = [
    1: (.element(.float32), .float32), 2: (.element(.uint8), .uint8),
    6: (.element(.int32), .int32), 7: (.element(.int64), .int64), 9: (.element(.bool), .bool),
    10: (.float16, .float32), 11: (.element(.float64), .float32), 16: (.bfloat16, .float32),
  ]

  /// - Parameter files: the files beside the model, in which the numbers may be.
  /// - Throws: `Failure.badData` if numbers are missing, or have an element type that is not
  ///   supported; `Failure.missing` if the file with the numbers is missing.
  static func read(_ data: Data, _ files: OnnxDataFiles) throws -> (name: String, tensor: Tensor) {
    var reader = ProtobufReader(data)
    var (name, code, shape, raw): (String, Int, [Int], Data?) = ("", 0, [], nil)
    var (ints, doubles): ([Int], [Double]) = ([], [])
    var (isElsewhere, elsewhere): (Bool, [String: String]) = (false, [:])
    while let (number, value) = try reader.next() {
      switch number {
      case 1: try ProtobufReader.add(value, to: &shape)
      case 2: code = try value.int()
      case 4: try ProtobufReader.add(value, to: &doubles, width: 4)
      case 5, 7: try ProtobufReader.add(value, to: &ints)
      case 8: name = try value.text()
      case 9: raw = try value.message()
      case 10: try ProtobufReader.add(value, to: &doubles, width: 8)
      case 13:
        let (key, text) = try value.pairOfTexts()
        elsewhere[key] = text
      case 14: isElsewhere = try value.int() == 1
      default: break
      }
    }
    let label = "tensor '\(name.prefix(80))'"
    guard let (stored, type) = types[code] else {
      throw Failure.badData(
        "\(label) has the ONNX element type \(code), expected float, double, float16, bfloat16, "
          + "int32, int64, uint8 or bool", hint: "export the model in float32")
    }
    let count = try self.count(shape, label)
    func lacking(_ found: Int) -> Failure {
      .badData(
        "\(label) of shape \(shape) has \(found) numbers, expected \(count)",
        hint: "the file may be truncated: get it again")
    }
    if isElsewhere || !elsewhere.isEmpty {
      raw = try files.bytes(elsewhere, count: count * stored.byteCount, label)
    }
    if let raw {
      guard raw.count == count * stored.byteCount else {
        throw lacking(raw.count / stored.byteCount)
      }
      return (name, raw.withUnsafeBytes { stored.tensor(copying: $0, shape: shape) }.to(type))
    }
    if [1, 11].contains(code) {
      guard doubles.count == count else { throw lacking(doubles.count) }
      return (name, Tensor(doubles, shape: shape).to(type))
    }
    guard ints.count == count else { throw lacking(ints.count) }
    if type == .float32 {
      // Numbers in half precision may also be whole numbers that have the same bits.
      let bits = ints.map { UInt16(truncatingIfNeeded: $0).littleEndian }
      return (name, bits.withUnsafeBytes { stored.tensor(copying: $0, shape: shape) })
    }
    return (name, Tensor(ints.map(Int64.init), shape: shape).to(type))
  }

  private static func count(_ shape: [Int], _ label: String) throws -> Int {
    var count = 1
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard size >= 0, !overflow, product <= 1 << 40, shape.count <= 16 else {
        throw Failure.badData("\(label) has the impossible shape \(shape.prefix(16))")
      }
      count = product
    }
    return count
  }
}
