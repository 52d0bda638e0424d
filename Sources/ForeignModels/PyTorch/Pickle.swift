import Foundation
import ModelCore
import Support

/// Reads a pickle that contains tensors, numbers and texts in lists, tuples and dictionaries, and
/// refuses any other pickle.
///
/// A pickle is a program for a machine with a stack. It is dangerous because it may call any Python
/// function by name. This reader knows a fixed list of names, each with a meaning of its own that
/// runs nothing (`Pickle+Names.swift`), and refuses a pickle at the first other name. It reads the
/// protocols 2 to 5, as far as PyTorch uses them. Format: CPython's Lib/pickletools.py.
struct Pickle {
  var stack = PickleStack()
  var tensors: [StoredTensor] = []
  var storages: [Storage] = []
  private(set) var root = Value.none
  private var input: ByteReader

  var containers: [Container] { stack.containers }

  /// The largest pickle that is read, in bytes. The pickle of a state dictionary only describes its
  /// tensors, so that no model needs more.
  static let mostBytes = 4 << 20

  /// - Throws: `Failure.badData` if the pickle is damaged, or contains anything but tensors in
  ///   plain containers.
  init(_ data: Data) throws {
    guard data.count <= Self.mostBytes else {
      throw Failure.badData(
        "its pickle has \(data.count) bytes, at most \(Self.mostBytes) are supported")
    }
    input = ByteReader(data, what: "its pickle")
    while try step() {}
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
    case 0x8a: stack.push(.int(try long()))
    case UInt8(ascii: "G"): stack.push(.double(try input.bigEndianDouble()))
    case UInt8(ascii: "X"): stack.push(.text(try input.text(try input.number(4))))
    case 0x8c: stack.push(.text(try input.text(try input.number(1))))
    case UInt8(ascii: "}"): stack.push(.dictionary, [])
    case UInt8(ascii: "]"): stack.push(.list, [])
    case UInt8(ascii: ")"): stack.push(.tuple, [])
    case UInt8(ascii: "t"): stack.push(.tuple, try stack.popToMark())
    case 0x85, 0x86, 0x87: stack.push(.tuple, try stack.pop(Int(code) - 0x84))
    case UInt8(ascii: "a"): try stack.append([try stack.pop()], to: .list)
    case UInt8(ascii: "e"): try stack.append(try stack.popToMark(), to: .list)
    case UInt8(ascii: "s"): try stack.append(try stack.pop(2), to: .dictionary)
    case UInt8(ascii: "u"): try stack.append(try stack.popToMark(), to: .dictionary)
    case UInt8(ascii: "q"): try stack.remember(as: try input.number(1))
    case UInt8(ascii: "r"): try stack.remember(as: try input.number(4))
    case 0x94: try stack.remember()
    case UInt8(ascii: "h"): try stack.recall(try input.number(1))
    case UInt8(ascii: "j"): try stack.recall(try input.number(4))
    case UInt8(ascii: "c"):
      stack.push(.name(try Self.name(in: try input.line(), try input.line())))
    case 0x93:
      guard case (.text(let module), .text(let word)) = (try stack.top(1), try stack.top()) else {
        throw Self.damaged("a name is not a text")
      }
      _ = try stack.pop(2)
      stack.push(.name(try Self.name(in: module, word)))
    case UInt8(ascii: "R"): try call()
    case UInt8(ascii: "b"): try setAttributes()
    case UInt8(ascii: "Q"): try refer()
    case UInt8(ascii: "0"): _ = try stack.pop()
    default:
      throw Self.damaged("the instruction \(code) is unknown")
    }
    return true
  }

  /// A signed little-endian number, behind a byte that states its length.
  private mutating func long() throws -> Int {
    let count = try input.number(1)
    guard count <= 8 else { throw Self.damaged("a number has \(count) bytes") }
    guard count > 0 else { return 0 }
    let number = try input.number(count)
    let unused = 64 - 8 * count
    return (number << unused) >> unused
  }
}
