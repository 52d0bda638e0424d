/// Writes ONNX files byte by byte, with the field numbers of ONNX's onnx.proto.
enum OnnxBytes {
  /// A field that holds bytes, a text or another message.
  static func field(_ number: Int, _ content: [UInt8]) -> [UInt8] {
    varint(number << 3 | 2) + varint(content.count) + content
  }

  static func field(_ number: Int, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

  /// A field that holds a whole number.
  static func field(_ number: Int, _ value: Int) -> [UInt8] {
    varint(number << 3) + varint(value)
  }

  static func varint(_ value: Int) -> [UInt8] {
    var (rest, bytes) = (UInt64(bitPattern: Int64(value)), [UInt8]())
    repeat {
      bytes.append(UInt8(rest & 127) | (rest > 127 ? 128 : 0))
      rest >>= 7
    } while rest > 0
    return bytes
  }

  static func floats(_ numbers: [Float]) -> [UInt8] {
    numbers.flatMap { number in withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) } }
  }

  static func node(
    _ operation: String, _ inputs: [String], _ output: String, _ attributes: [[UInt8]] = []
  ) -> [UInt8] {
    inputs.flatMap { field(1, $0) } + field(2, output) + field(4, operation)
      + attributes.flatMap { field(5, $0) }
  }

  /// A whole number as an attribute of a node.
  static func attribute(_ name: String, _ value: Int) -> [UInt8] {
    field(1, name) + field(3, value) + field(20, 2)
  }

  /// The input or the output of a graph, of 32-bit floating-point numbers. A text is the name of a
  /// dimension whose size is free.
  static func value(_ name: String, _ dimensions: [Dimension]) -> [UInt8] {
    let shape = dimensions.flatMap { dimension in
      switch dimension {
      case .size(let size): field(1, field(1, size))
      case .free(let name): field(1, field(2, name))
      }
    }
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))
  }

  enum Dimension {
    case size(Int)
    case free(String)
  }

  static func model(
    nodes: [[UInt8]], initializers: [[UInt8]], inputs: [[UInt8]], outputs: [[UInt8]], opset: Int
  ) -> [UInt8] {
    let graph =
      nodes.flatMap { field(1, $0) } + field(2, "graph") + initializers.flatMap { field(5, $0) }
      + inputs.flatMap { field(11, $0) } + outputs.flatMap { field(12, $0) }
    return field(1, 8) + field(8, field(1, "") + field(2, opset)) + field(7, graph)
  }
}
