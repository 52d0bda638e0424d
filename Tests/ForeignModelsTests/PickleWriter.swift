import Foundation

/// Writes the pickle of a value as `torch.save` writes it, for values of the kinds below.
indirect enum PickleWriter: Sendable {
  case text(String)
  case dictionary([(String, PickleWriter)])
  /// A tensor of one dimension, with its numbers in the member `data/0`.
  case tensor(type: String, count: Int)
  /// What the call of a Python function gives, with one argument.
  case call(String, String, PickleWriter)

  /// The pickle with this value at its top.
  var pickle: Data { Data([0x80, 2]) + bytes + Data(".".utf8) }

  /// The pickle in an archive, with these bytes as the numbers of every tensor.
  func archive(_ numbers: [UInt8]) -> Data {
    storedZip([
      ("a/data.pkl", pickle), ("a/byteorder", Data("little".utf8)), ("a/data/0", Data(numbers)),
    ])
  }

  private var bytes: Data {
    switch self {
    case .text(let text): return Self.bytes(text)
    case .dictionary(let members):
      return Data("}(".utf8) + members.map { Self.bytes($0.0) + $0.1.bytes }.reduce(Data(), +)
        + Data("u".utf8)
    case .call(let module, let word, let argument):
      return Data("c\(module)\n\(word)\n".utf8) + argument.bytes + Data([0x85]) + Data("R".utf8)
    case .tensor(let type, let count):
      let size = Data([0x4b, UInt8(count)])
      let storage =
        Data("(".utf8) + Self.bytes("storage") + Data("ctorch\n\(type)\n".utf8) + Self.bytes("0")
        + Self.bytes("cpu") + size + Data("tQ".utf8)
      let shape = size + Data([0x85]) + Data([0x4b, 1, 0x85])
      return Data("ctorch._utils\n_rebuild_tensor_v2\n(".utf8) + storage + Data([0x4b, 0]) + shape
        + Data([0x89]) + Data("ccollections\nOrderedDict\n)RtR".utf8)
    }
  }

  private static func bytes(_ text: String) -> Data {
    let count = text.utf8.count
    return Data([0x58] + (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) })
      + Data(text.utf8)
  }
}
