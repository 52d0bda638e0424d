import Foundation
import Support

/// Reads and writes safetensors files. Such a file contains the length of its header in eight
/// bytes, the header in JSON, and the bytes of the tensors.
///
/// Everything that the header states is checked against the size of the file before it is used. A
/// tensor is read when it is asked for. Format: https://github.com/huggingface/safetensors
public struct SafetensorsFile: Sendable {
  public let url: URL
  public let metadata: [String: String]
  /// The names of the tensors, in the order of their bytes in the file.
  public let names: [String]
  private let entries: [String: Entry]
  private let start: UInt64

  /// The longest header that is read, in bytes. The header of the largest networks is far shorter.
  static let longestHeader = 8 << 20

  private struct Entry: Sendable {
    let type: StoredType
    let shape: [Int]
    let begin: Int
    let end: Int
  }

  /// Reads the header of a file.
  /// - Throws: `Failure.missing` if the file cannot be read; `Failure.badData` that names the file
  ///   and says what is wrong with it.
  public init(_ url: URL) throws {
    self.url = url
    func wrong(_ reason: String) -> Failure {
      .badData(
        "\(url.path) is not a valid safetensors file: \(reason)",
        hint: "the file may be truncated: get it again")
    }
    guard let file = try? FileHandle(forReadingFrom: url), let size = try? file.seekToEnd(),
      (try? file.seek(toOffset: 0)) != nil, let prefix = try? file.read(upToCount: 8) ?? Data()
    else { throw Failure.unreadable(url) }
    defer { try? file.close() }
    guard prefix.count == 8 else {
      throw wrong("it has \(size) bytes, expected at least 8")
    }
    let length = prefix.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length >= 2, length <= size - 8, length <= Self.longestHeader else {
      throw wrong(
        "its header claims \(length) bytes in a file of \(size) bytes; at most "
          + "\(Self.longestHeader) are supported")
    }
    guard let text = try? file.read(upToCount: Int(length)), text.count == Int(length),
      let header = (try? JSONSerialization.jsonObject(with: text)) as? [String: Any]
    else { throw wrong("its header is not a JSON object") }
    start = 8 + length

    guard let texts = (header["__metadata__"] ?? [String: String]()) as? [String: String] else {
      throw wrong("its __metadata__ do not consist of names with texts")
    }
    metadata = texts
    var entries: [String: Entry] = [:]
    for (name, value) in header where name != "__metadata__" {
      entries[name] = try Self.entry(name, value, limit: size - start, url, wrong)
    }
    let ordered = entries.sorted {
      ($0.value.begin, $0.value.end, $0.key) < ($1.value.begin, $1.value.end, $1.key)
    }
    var end = 0
    for (name, entry) in ordered {
      guard entry.begin == end else {
        throw wrong("tensor '\(name)' begins at \(entry.begin), expected \(end)")
      }
      end = entry.end
    }
    guard UInt64(end) == size - start else {
      throw wrong("its tensors have \(end) bytes, and the file has \(size - start) for them")
    }
    self.entries = entries
    names = ordered.map(\.key)
  }

  private static func entry(
    _ name: String, _ value: Any, limit: UInt64, _ url: URL, _ wrong: (String) -> Failure
  ) throws -> Entry {
    guard let fields = value as? [String: Any], let code = fields["dtype"] as? String,
      let shape = fields["shape"] as? [Int], let offsets = fields["data_offsets"] as? [Int],
      offsets.count == 2
    else { throw wrong("tensor '\(name)' has no valid dtype, shape or data_offsets") }
    guard let type = SafetensorsCode(rawValue: code)?.type else {
      let known = SafetensorsCode.allCases.map(\.rawValue).joined(separator: ", ")
      throw Failure.badData(
        "\(url.path): tensor '\(name)' has the element type '\(code.prefix(20))', which is not "
          + "supported; expected one of \(known)",
        hint: "convert the model to float32 with model.float(), and save it again")
    }
    var bytes = type.byteCount
    for size in shape {
      // A size of zero counts as one here. Otherwise a shape like [0, 2^62] would pass.
      let (product, overflow) = bytes.multipliedReportingOverflow(by: max(size, 1))
      guard size >= 0, !overflow, product < 1 << 48, shape.count <= 64 else {
        throw wrong("tensor '\(name)' has the impossible shape \(shape)")
      }
      bytes = product
    }
    if shape.contains(0) { bytes = 0 }
    guard offsets[0] >= 0, offsets[1] >= offsets[0], UInt64(offsets[1]) <= limit,
      offsets[1] - offsets[0] == bytes
    else {
      throw wrong(
        "tensor '\(name)' of shape \(shape) claims the bytes \(offsets[0]) to \(offsets[1]) of "
          + "\(limit), expected \(bytes) bytes within the file"
      )
    }
    return Entry(type: type, shape: shape, begin: offsets[0], end: offsets[1])
  }

  /// Whether the file has a tensor of that name.
  public func contains(_ name: String) -> Bool { entries[name] != nil }

  /// The shape of a tensor; nil if the file has none of that name.
  public func shape(_ name: String) -> [Int]? { entries[name]?.shape }

  /// Reads one tensor. Numbers in half precision (F16, BF16) become float32.
  /// - Throws: `Failure.badData` if the file has no tensor of that name.
  public func tensor(_ name: String) throws -> Tensor {
    guard let entry = entries[name] else {
      throw Failure.badData(
        "\(url.path) has no tensor '\(name)'", hint: hint(for: name, among: names))
    }
    guard let file = try? FileHandle(forReadingFrom: url) else {
      throw Failure.unreadable(url)
    }
    defer { try? file.close() }
    try file.seek(toOffset: start + UInt64(entry.begin))
    let size = entry.end - entry.begin
    let data = size == 0 ? Data() : try file.read(upToCount: size) ?? Data()
    guard data.count == size else {
      throw Failure.badData("\(url.path) became shorter while it was read")
    }
    return data.withUnsafeBytes { entry.type.tensor(copying: $0, shape: entry.shape) }
  }

  /// Reads all tensors.
  public func tensors() throws -> [String: Tensor] {
    try names.reduce(into: [:]) { $0[$1] = try tensor($1) }
  }

  /// Writes tensors in the given order, and metadata. The file is complete or, if writing fails,
  /// unchanged.
  public static func write(
    _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String], to url: URL
  ) throws {
    var header: [String: Any] = ["__metadata__": metadata]
    var end = 0
    for (name, tensor) in tensors {
      let code = SafetensorsCode(tensor.type)
      let begin = end
      end += tensor.count * tensor.type.byteCount
      header[name] = ["dtype": code.rawValue, "shape": tensor.shape, "data_offsets": [begin, end]]
    }
    var text = try JSONSerialization.data(
      withJSONObject: header, options: [.sortedKeys, .withoutEscapingSlashes])
    text.append(contentsOf: [UInt8](repeating: 0x20, count: (8 - text.count % 8) % 8))
    guard text.count <= longestHeader else {
      throw Failure.cannotWrite(
        "cannot write \(url.path): the description of its tensors has \(text.count) bytes, and at most "
          + "\(longestHeader) can be read again", hint: "ask for less, such as fewer examples")
    }
    let file = try AtomicFile(url)
    try file.append((0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) })
    try file.append(text)
    for (_, tensor) in tensors { try file.append(tensor.rawBytes()) }
    try file.commit()
  }
}

/// The element types that are supported, by their names in the format.
private enum SafetensorsCode: String, CaseIterable {
  case f16 = "F16"
  case bf16 = "BF16"
  case f32 = "F32"
  case f64 = "F64"
  case i64 = "I64"
  case i32 = "I32"
  case u8 = "U8"
  case bool = "BOOL"

  init(_ type: Tensor.ElementType) {
    self =
      switch type {
      case .float32: .f32
      case .float64: .f64
      case .int64: .i64
      case .int32: .i32
      case .uint8: .u8
      case .bool: .bool
      }
  }

  var type: StoredType {
    switch self {
    case .f16: .float16
    case .bf16: .bfloat16
    case .f32: .element(.float32)
    case .f64: .element(.float64)
    case .i64: .element(.int64)
    case .i32: .element(.int32)
    case .u8: .element(.uint8)
    case .bool: .element(.bool)
    }
  }
}
