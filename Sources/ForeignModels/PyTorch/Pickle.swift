import Foundation
import ModelCore
import Support

/// Reads the tensors, numbers and texts of a pickle, and the lists, tuples and dictionaries that
/// contain them.
///
/// A pickle is a program for a machine with a stack. It is dangerous because it may call any Python
/// function by name. This reader calls nothing. It knows a fixed list of names, each with a meaning
/// of its own (`Pickle+Names.swift`). Everything else that a pickle names, and whatever it would
/// make of it, becomes an object of which only the name is known (`Value.object`). It reads the
/// protocols 2 to 5. Format: CPython's Lib/pickletools.py.
struct Pickle {
  var stack = PickleStack()
  var tensors: [StoredTensor] = []
  var storages: [Storage] = []
  private(set) var root = Value.none
  /// The length of the pickle. What follows it is not read.
  private(set) var byteCount = 0
  private var input: ByteReader

  var containers: [Container] { stack.containers }

  /// The largest pickle that is read, in bytes. The pickle of a state dictionary only describes its
  /// tensors, so that no model needs more.
  static let mostBytes = 4 << 20

  /// - Throws: `Failure.badData` if the pickle is damaged.
  init(_ data: Data) throws {
    guard data.count <= Self.mostBytes else {
      throw Failure.badData(
        "its pickle has \(data.count) bytes, at most \(Self.mostBytes) are supported")
    }
    input = ByteReader(data, what: "its pickle")
    while try step() {}
    byteCount = input.consumed
    stack.finish()
  }

  static func damaged(_ reason: String) -> Failure {
    .badData(
      "its pickle is damaged, or not one that PyTorch writes: \(reason)",
      hint: "save the weights again")
  }

  /// Executes one instruction; false after the last one.
  private mutating func step() throws -> Bool {
    let code = try input.byte()
    switch code {
    case 0x80: _ = try input.byte()  // the protocol
    case 0x95: _ = try input.bytes(8)  // the length of a frame
    case UInt8(ascii: "."):
      root = try stack.pop()
      return false
    case UInt8(ascii: "("): stack.push(.mark)
    case UInt8(ascii: "N"): stack.push(.none)
    case 0x88: stack.push(.truth(true))
    case 0x89: stack.push(.truth(false))
    case UInt8(ascii: "J"):
      stack.push(.int(Int(Int32(truncatingIfNeeded: try input.number(4)))))
    case UInt8(ascii: "K"): stack.push(.int(try input.number(1)))
    case UInt8(ascii: "M"): stack.push(.int(try input.number(2)))
    case 0x8a: stack.push(try long(try input.number(1)))
    case 0x8b: stack.push(try long(try input.number(4)))
    case UInt8(ascii: "G"): stack.push(.double(try input.bigEndianDouble()))
    case UInt8(ascii: "X"): stack.push(.text(try input.text(try input.number(4))))
    case 0x8c: stack.push(.text(try input.text(try input.number(1))))
    case 0x8d: stack.push(.text(try input.text(try input.number(8))))
    // The texts of Python 2.
    case UInt8(ascii: "U"): try oldText(1)
    case UInt8(ascii: "T"): try oldText(4)
    case UInt8(ascii: "C"): try skipBytes(1)
    case UInt8(ascii: "B"): try skipBytes(4)
    case 0x8e, 0x96: try skipBytes(8)
    case UInt8(ascii: "}"): stack.push(.dictionary, [])
    case UInt8(ascii: "]"), 0x8f: stack.push(.list, [])  // a list, or a set
    case UInt8(ascii: ")"): stack.push(.tuple, [])
    case UInt8(ascii: "t"), 0x91: stack.push(.tuple, try stack.popToMark())
    case 0x85, 0x86, 0x87: stack.push(.tuple, try stack.pop(Int(code) - 0x84))
    case UInt8(ascii: "a"): try stack.append([try stack.pop()], to: .list)
    case UInt8(ascii: "e"), 0x90: try stack.append(try stack.popToMark(), to: .list)
    case UInt8(ascii: "s"): try stack.append(try stack.pop(2), to: .dictionary)
    case UInt8(ascii: "u"): try stack.append(try stack.popToMark(), to: .dictionary)
    case UInt8(ascii: "q"): try stack.remember(as: try input.number(1))
    case UInt8(ascii: "r"): try stack.remember(as: try input.number(4))
    case 0x94: try stack.remember()
    case UInt8(ascii: "h"): try stack.recall(try input.number(1))
    case UInt8(ascii: "j"): try stack.recall(try input.number(4))
    case UInt8(ascii: "c"):
      stack.push(Self.value(named: try input.line(), try input.line()))
    case 0x93:
      guard case (.text(let module), .text(let word)) = (try stack.top(1), try stack.top()) else {
        throw Self.damaged("a name is not a text")
      }
      _ = try stack.pop(2)
      stack.push(Self.value(named: module, word))
    case UInt8(ascii: "R"), 0x81: try call()
    case 0x92:
      _ = try stack.pop()  // the arguments that have names
      try call()
    case UInt8(ascii: "b"): try setAttributes()
    case UInt8(ascii: "Q"): try refer()
    case UInt8(ascii: "0"): _ = try stack.pop()
    case UInt8(ascii: "1"): _ = try stack.popToMark()
    case UInt8(ascii: "2"): stack.push(try stack.top())
    default:
      throw Self.damaged("the instruction \(code) is unknown")
    }
    return true
  }

  /// A signed little-endian number of `count` bytes. A number of more than 64 bits is an object.
  private mutating func long(_ count: Int) throws -> Value {
    guard count <= 8 else {
      _ = try input.bytes(count)
      return .object("int")
    }
    guard count > 0 else { return .int(0) }
    let number = try input.number(count)
    let unused = 64 - 8 * count
    return .int((number << unused) >> unused)
  }

  /// A text of Python 2, which has bytes of no stated encoding. Its length has `width` bytes.
  private mutating func oldText(_ width: Int) throws {
    let bytes = try input.bytes(try input.number(width))
    stack.push(String(data: bytes, encoding: .utf8).map { .text($0) } ?? .object("bytes"))
  }

  /// Skips bytes, such as the state of a random number generator. Their length has `width` bytes.
  private mutating func skipBytes(_ width: Int) throws {
    _ = try input.bytes(try input.number(width))
    stack.push(.object("bytes"))
  }
}
