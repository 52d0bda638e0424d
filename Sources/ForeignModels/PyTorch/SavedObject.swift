import Foundation
import Support

/// What `torch.save` wrote: a pickle, and beside it the numbers of the pickle's tensors.
///
/// PyTorch 1.6 and later write a zip archive, earlier versions a sequence of pickles. Nothing in a
/// file of either format is executed.
struct SavedObject {
  let pickle: Pickle
  /// The size of the file in bytes.
  let byteCount: Int
  private let numbers: (_ key: String) throws -> Data?

  /// Reads a file of either format. The file is mapped into memory, so that only the parts that are
  /// used are read.
  /// - Throws: `Failure.missing` if the file cannot be read; `Failure.badData` if it is damaged.
  init(_ url: URL) throws {
    guard let bytes = try? Data(contentsOf: url, options: .alwaysMapped) else {
      throw Failure.unreadable(url)
    }
    if bytes.starts(with: [0x50, 0x4b, 0x03, 0x04]) {
      try self.init(archive: ZipArchive(bytes, what: "it"))
    } else {
      try self.init(sequence: bytes)
    }
  }

  init(archive: ZipArchive) throws {
    guard
      let pickled = archive.names.first(where: { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }),
      let bytes = try archive.plain(pickled)
    else { throw Failure.badData("it has no member data.pkl, where PyTorch stores an object") }
    let folder = String(pickled.dropLast("data.pkl".count))
    if let order = try archive.plain(folder + "byteorder"), order != Data("little".utf8) {
      throw Self.bigEndian
    }
    pickle = try Pickle(bytes)
    byteCount = archive.byteCount
    numbers = { try archive.plain("\(folder)data/\($0)") }
  }

  private init(sequence bytes: Data) throws {
    let sequence = try PickleSequence(bytes)
    (pickle, byteCount) = (sequence.pickle, bytes.count)
    numbers = { sequence.numbers[$0] }
  }

  /// The bytes of the storage of this tensor.
  /// - Throws: `Failure.badData` if the file does not have them.
  func numbers(of tensor: Pickle.StoredTensor, name: String) throws -> Data {
    guard let numbers = try numbers(tensor.storage.key) else {
      throw Failure.badData("the numbers of '\(name)' are missing in the file")
    }
    return numbers
  }

  static let bigEndian = Failure.badData("its numbers are big-endian, which is not supported")
}
