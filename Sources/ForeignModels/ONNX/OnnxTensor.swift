import Foundation
import ModelCore
import Support

/// Reads a tensor that is stored in an ONNX file.
enum OnnxTensor {
  /// ONNX's codes of the element types that are supported.
  private static let types: [Int: Tensor.ElementType] = [
    1: .float32, 2: .uint8, 6: .int32, 7: .int64, 9: .bool, 11: .float64,
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
    guard let type = types[code] else {
      throw Failure.badData(
        "\(label) has the ONNX element type \(code), expected float, double, int32, int64, uint8 "
          + "or bool", hint: "export the model in float32")
    }
    let count = try self.count(shape, label)
    func lacking(_ found: Int) -> Failure {
      .badData(
        "\(label) of shape \(shape) has \(found) numbers, expected \(count)",
        hint: "the file may be truncated: get it again")
    }
    if isElsewhere || !elsewhere.isEmpty {
      raw = try files.bytes(elsewhere, count: count * type.byteCount, label)
    }
    if let raw {
      guard raw.count == count * type.byteCount else { throw lacking(raw.count / type.byteCount) }
      return (name, raw.withUnsafeBytes { Tensor(copying: $0, shape: shape, type: type) })
    }
    if type == .float32 || type == .float64 {
      guard doubles.count == count else { throw lacking(doubles.count) }
      return (name, Tensor(doubles, shape: shape).to(type))
    }
    guard ints.count == count else { throw lacking(ints.count) }
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
