import Foundation
import ModelCore
import Support

/// The format of `torch.save` before PyTorch 1.6, which
/// `torch.save(…, _use_new_zipfile_serialization=False)` still writes.
///
/// A file contains five pickles: a magic number, the version of the format, properties of the
/// machine, the object, and the list of the keys of its storages. After them come the storages in
/// the order of the list, each with the number of its elements in eight bytes and the elements.
/// Format: `_legacy_save` in torch/serialization.py.
struct PickleSequence {
  /// The pickle of the object.
  let pickle: Pickle
  /// The bytes of each storage, by its key.
  let numbers: [String: Data]

  /// The number 0x1950a86a20f9469cfc6c, as a pickle states it.
  static let magic: [UInt8] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]

  /// Whether a file begins like one of this format.
  /// - Parameter start: at least the first 32 bytes of the file, if it has as many.
  static func isBeginning(_ start: [UInt8]) -> Bool {
    start.first == 0x80
      && start.prefix(32).indices.contains { start[$0...].starts(with: magic) }
  }

  private static let version = 1001

  /// - Throws: `Failure.badData` if the file is damaged or of another version.
  init(_ bytes: Data) throws {
    var place = bytes.startIndex
    /// Reads the next pickle. One that is longer than a pickle may be ends too early.
    func next() throws -> Pickle {
      let pickle = try Pickle(bytes[place...].prefix(Pickle.mostBytes))
      place += pickle.byteCount
      return pickle
    }
    _ = try next()
    guard Self.isBeginning([UInt8](bytes.prefix(32))) else {
      throw Pickle.damaged("it does not begin with PyTorch's number")
    }
    guard case .int(Self.version) = try next().root else {
      throw Failure.badData(
        "it is of an unknown version of PyTorch's format, expected \(Self.version)")
    }
    let machine = try next()
    guard machine.member("little_endian") != .truth(false) else { throw SavedObject.bigEndian }
    pickle = try next()
    let list = try next()
    guard case .container(let keys) = list.root, list.containers[keys].kind == .list else {
      throw Pickle.damaged("the keys of its storages are not a list")
    }
    var storages: [String: Pickle.Storage] = [:]
    for storage in pickle.storages {
      if let other = storages.updateValue(storage, forKey: storage.key), other != storage {
        throw Pickle.damaged("a storage has two types or sizes")
      }
    }
    var reader = ByteReader(bytes[place...], what: "the part with its numbers")
    var numbers: [String: Data] = [:]
    for key in list.containers[keys].items {
      guard case .text(let name) = key, let storage = storages[name], numbers[name] == nil else {
        throw Pickle.damaged("it lists a storage that no tensor has, or one storage twice")
      }
      let count = try reader.number(8)
      guard count == storage.count else {
        throw Failure.badData("a storage has \(count) numbers, expected \(storage.count)")
      }
      // The count is at most 2^40, and a number has at most eight bytes.
      numbers[name] = try reader.bytes(count * storage.type.byteCount)
    }
    self.numbers = numbers
  }
}

extension Pickle {
  /// The member of the outermost dictionary with a name.
  fileprivate func member(_ name: String) -> Value? {
    guard case .container(let place) = root, containers[place].kind == .dictionary else {
      return nil
    }
    let items = containers[place].items
    return stride(from: 0, to: items.count, by: 2).first { items[$0] == .text(name) }
      .map { items[$0 + 1] }
  }
}
