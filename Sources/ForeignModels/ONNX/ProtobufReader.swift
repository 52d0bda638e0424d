import Foundation
import Support

/// Reads the fields of one protobuf message in the order of the file, and checks every length
/// before using it. Format: https://protobuf.dev/programming-guides/encoding
struct ProtobufReader {
  enum Value {
    case varint(UInt64)
    case fixed32(UInt32)
    case fixed64(UInt64)
    /// A text, a message, or a packed list of numbers.
    case bytes(Data)
  }

  private var input: ByteReader

  init(_ data: Data) { input = ByteReader(data, what: "a message in it") }

  /// The next field; nil at the end of the message.
  mutating func next() throws -> (number: Int, value: Value)? {
    guard !input.isAtEnd else { return nil }
    let key = try varint()
    let number = Int(clamping: key >> 3)
    guard number > 0 else { throw Self.damaged("a field has the number 0") }
    switch key & 7 {
    case 0: return (number, .varint(try varint()))
    case 1: return (number, .fixed64(UInt64(bitPattern: Int64(try input.number(8)))))
    case 2: return (number, .bytes(try input.bytes(Int(clamping: try varint()))))
    case 5: return (number, .fixed32(UInt32(truncatingIfNeeded: try input.number(4))))
    default: throw Self.damaged("a field has the unknown type \(key & 7)")
    }
  }

  private mutating func varint() throws -> UInt64 {
    var number: UInt64 = 0
    for shift in stride(from: 0, to: 64, by: 7) {
      let byte = try input.byte()
      number |= UInt64(byte & 0x7f) << UInt64(shift)
      if byte < 0x80 { return number }
    }
    throw Self.damaged("a number has more than 64 bits")
  }

  /// The longest list of numbers that is read as a field. Exporters write longer lists as raw
  /// bytes.
  private static let mostNumbers = 1 << 24

  /// Appends the whole numbers of a field: a single one, or a packed list.
  static func add(_ value: Value, to numbers: inout [Int]) throws {
    switch value {
    case .varint(let number): numbers.append(Int(truncatingIfNeeded: number))
    case .bytes(let data):
      var packed = ProtobufReader(data)
      while !packed.input.isAtEnd {
        numbers.append(Int(truncatingIfNeeded: try packed.varint()))
        try checkCount(numbers.count)
      }
    default: throw damaged("expected a whole number")
    }
    try checkCount(numbers.count)
  }

  /// Appends the floating-point numbers of a field: a single one, or a packed list with `width` (4
  /// or 8) bytes per number.
  static func add(_ value: Value, to numbers: inout [Double], width: Int) throws {
    switch value {
    case .fixed32(let bits): numbers.append(Double(Float(bitPattern: bits)))
    case .fixed64(let bits): numbers.append(Double(bitPattern: bits))
    case .bytes(let data):
      guard data.count.isMultiple(of: width) else {
        throw damaged("a list of numbers ends within a number")
      }
      try checkCount(numbers.count + data.count / width)
      var packed = ByteReader(data, what: "a list in it")
      while !packed.isAtEnd {
        let bits = try packed.number(width)
        numbers.append(
          width == 4
            ? Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
            : Double(bitPattern: UInt64(bitPattern: Int64(bits))))
      }
    case .varint: throw damaged("expected a floating-point number")
    }
    try checkCount(numbers.count)
  }

  private static func checkCount(_ count: Int) throws {
    guard count <= mostNumbers else {
      throw Failure.badData("a list in it has more than \(mostNumbers) numbers")
    }
  }

  static func damaged(_ reason: String) -> Failure {
    .badData("it is not valid protobuf: \(reason)", hint: "the file may be damaged: get it again")
  }
}

extension ProtobufReader.Value {
  func text() throws -> String {
    guard let text = String(data: try message(), encoding: .utf8) else {
      throw ProtobufReader.damaged("a text is not valid UTF-8")
    }
    return text
  }

  /// A message that consists of a key and a text.
  func pairOfTexts() throws -> (key: String, text: String) {
    var reader = ProtobufReader(try message())
    var (key, text) = ("", "")
    while let (number, value) = try reader.next() {
      if number == 1 { key = try value.text() }
      if number == 2 { text = try value.text() }
    }
    return (key, text)
  }

  func message() throws -> Data {
    guard case .bytes(let data) = self else { throw ProtobufReader.damaged("expected a message") }
    return data
  }

  func int() throws -> Int {
    guard case .varint(let number) = self else {
      throw ProtobufReader.damaged("expected a whole number")
    }
    return Int(truncatingIfNeeded: number)
  }
}
