import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@Suite("A safetensors file with false statements is refused")
struct SafetensorsLieTests {
  let folder = TemporaryFolder()
  var place: URL { folder.appending("lie.safetensors") }

  /// Opens a file with this header and `data` bytes after it. It states the header's length, or
  /// another one.
  private func open(_ header: String, data: Int = 8, length: UInt64? = nil) throws
    -> SafetensorsFile
  {
    let claimed = length ?? UInt64(header.utf8.count)
    var bytes = (0..<8).map { UInt8(truncatingIfNeeded: claimed >> (8 * UInt64($0))) }
    bytes += Array(header.utf8)
    bytes += [UInt8](repeating: 0, count: data)
    try Data(bytes).write(to: place)
    return try SafetensorsFile(place)
  }

  private func refusal(_ header: String, data: Int = 8, length: UInt64? = nil) -> String {
    let failure = #expect(throws: Failure.self, "\(header)") {
      try open(header, data: data, length: length)
    }
    guard let failure else { return "accepted" }
    #expect(failure.kind == .badData)
    let prefix = "\(place.path) is not a valid safetensors file: "
    #expect(failure.message.hasPrefix(prefix))
    #expect(failure.hint == "the file may be truncated: get it again")
    return String(failure.message.dropFirst(prefix.count))
  }

  @Test(
    "a header length beyond the file, or too short for a header, is refused",
    arguments: [0, 1, 61, 1 << 40, UInt64.max, 1 << 63])
  func headerLength(_ length: UInt64) {
    let header = #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#
    let reason = refusal(header, data: 0, length: length)
    #expect(
      reason.contains("its header claims \(length) bytes")
        || reason == "its header is not a JSON object")
  }

  @Test("a file too short for a header is refused", arguments: 0..<8)
  func tooShort(_ size: Int) throws {
    try Data(repeating: 1, count: size).write(to: place)
    let expected = Failure.badData(
      "\(place.path) is not a valid safetensors file: it has \(size) bytes, expected at least 8",
      hint: "the file may be truncated: get it again")
    #expect(throws: expected) { try SafetensorsFile(place) }
  }

  @Test(
    "a header that is not a JSON object is refused",
    arguments: [
      "", "  ", "nonsense", "[]", "3", "null", #"{"a":"#, #"{"a":1}}"#, "{}{}",
      String(repeating: "[", count: 5000),
    ])
  func notObjects(_ header: String) {
    let reason = refusal(header, data: 8)
    #expect(reason == "its header is not a JSON object" || reason.hasPrefix("its header claims"))
  }

  @Test(
    "an entry without the properties of a tensor is refused",
    arguments: [
      #""F32""#, "{}", "null", "[1]", #"{"dtype":"F32","shape":[2]}"#,
      #"{"dtype":"F32","data_offsets":[0,8]}"#,
      #"{"shape":[2],"data_offsets":[0,8]}"#, #"{"dtype":1,"shape":[2],"data_offsets":[0,8]}"#,
      #"{"dtype":"F32","shape":2,"data_offsets":[0,8]}"#,
      #"{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}"#,
      #"{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}"#,
      #"{"dtype":"F32","shape":[2],"data_offsets":[0]}"#,
      #"{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}"#,
      #"{"dtype":"F32","shape":[null],"data_offsets":[0,8]}"#,
      #"{"dtype":"F32","shape":[2],"data_offsets":[0,1e300]}"#,
      #"{"dtype":"F32","shape":[2],"data_offsets":[0,18446744073709551616]}"#,
    ])
  func incomplete(_ entry: String) {
    #expect(refusal("{\"a\":\(entry)}") == "tensor 'a' has no valid dtype, shape or data_offsets")
  }

  @Test(
    "an unsupported element type is named, and not called a truncated file",
    arguments: ["I8", "I16", "U16", "U32", "f32", "", "F8_E4M3", "U64"])
  func elementTypes(_ type: String) {
    let failure = #expect(throws: Failure.self) {
      try open("{\"a\":{\"dtype\":\"\(type)\",\"shape\":[2],\"data_offsets\":[0,8]}}")
    }
    #expect(
      failure?.message == "\(place.path): tensor 'a' has the element type '\(type)', which is not "
        + "supported; expected one of F16, BF16, F32, F64, I64, I32, U8, BOOL")
    #expect(failure?.hint?.contains("model.float()") == true)
  }

  @Test(
    "offsets that contradict the shape or the file are refused",
    arguments: [
      (2, -8, 0), (2, 0, 9), (2, 0, 7), (2, 8, 0), (2, 0, 0), (3, 0, 8), (2, 8, 16),
      (2, 0, Int.max),
      (2, Int.min, Int.max),
      (2, Int.max - 8, Int.max), (2, Int.min, Int.min + 8), (0, 0, 8), (-2, 0, -8), (-2, 8, 0),
    ])
  func offsets(_ size: Int, _ begin: Int, _ end: Int) {
    let reason = refusal(
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[\(size)],\"data_offsets\":[\(begin),\(end)]}}")
    #expect(reason.hasPrefix("tensor 'a' "))
  }

  @Test(
    "a shape whose size overflows is refused",
    arguments: [
      "9223372036854775807", "4611686018427387904,4", "4294967296,4294967296",
      "3037000500,3037000500,3", "-1,-1,2",
      "2305843009213693952,2", "-9223372036854775808",
    ])
  func shapes(_ shape: String) {
    let reason = refusal("{\"a\":{\"dtype\":\"F64\",\"shape\":[\(shape)],\"data_offsets\":[0,8]}}")
    #expect(reason.hasPrefix("tensor 'a' "))
  }

  @Test("tensors that overlap, leave gaps or leave bytes at the end are refused")
  func holes() {
    func entry(_ name: String, _ begin: Int, _ end: Int) -> String {
      "\"\(name)\":{\"dtype\":\"U8\",\"shape\":[\(end - begin)],\"data_offsets\":[\(begin),\(end)]}"
    }
    func header(_ entries: String...) -> String { "{" + entries.joined(separator: ",") + "}" }
    #expect(
      refusal(header(entry("a", 0, 4), entry("b", 3, 8))) == "tensor 'b' begins at 3, expected 4")
    #expect(
      refusal(header(entry("a", 0, 8), entry("b", 0, 8))) == "tensor 'b' begins at 0, expected 8")
    #expect(
      refusal(header(entry("a", 0, 8), entry("b", 2, 4))) == "tensor 'b' begins at 2, expected 8")
    #expect(
      refusal(header(entry("a", 0, 4), entry("b", 5, 8))) == "tensor 'b' begins at 5, expected 4")
    #expect(refusal(header(entry("a", 1, 8))) == "tensor 'a' begins at 1, expected 0")
    #expect(
      refusal(header(entry("a", 0, 7))) == "its tensors have 7 bytes, and the file has 8 for them")
    #expect(refusal("{}") == "its tensors have 0 bytes, and the file has 8 for them")
  }

  @Test(
    "metadata other than texts by name are refused",
    arguments: ["3", "[]", #"{"a":1}"#, #"{"a":{}}"#, #""x""#])
  func metadata(_ metadata: String) {
    let tensor = #""a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#
    #expect(refusal("{\"__metadata__\":\(metadata),\(tensor)}").contains("__metadata__"))
  }

  @Test("an empty tensor of an enormous shape is accepted or refused, and never ends the process")
  func enormousNothing() async {
    await #expect(processExitsWith: .success) {
      let header = #"{"a":{"dtype":"F32","shape":[0,4611686018427387904,4],"data_offsets":[0,0]}}"#
      let place = FileManager.default.temporaryDirectory.appending(
        path: "crossfire-nothing-\(UUID().uuidString)")
      defer { try? FileManager.default.removeItem(at: place) }
      try Data([UInt8(header.utf8.count), 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8)).write(
        to: place)
      _ = try? SafetensorsFile(place).tensors()
    }
  }
}
