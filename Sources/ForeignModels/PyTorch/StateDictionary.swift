import Foundation
import ModelCore
import Support

/// Tensors by name, without the network they belong to: what
/// `torch.save(model.state_dict(), …)` writes, or a safetensors file without a description.
struct StateDictionary {
  private(set) var tensors: [String: Tensor]

  /// Removes the prefixes that wrappers put before all names.
  init(_ tensors: [String: Tensor]) {
    self.tensors = tensors
    guard !tensors.isEmpty else { return }
    func common() -> String? {
      Self.prefixes.first { prefix in self.tensors.keys.allSatisfy { $0.hasPrefix(prefix) } }
    }
    while let prefix = common() {
      let shortened = self.tensors.map { (String($0.key.dropFirst(prefix.count)), $0.value) }
      self.tensors = Dictionary(uniqueKeysWithValues: shortened)
    }
  }

  /// The prefixes of data parallelism (`module.`), compilation (`_orig_mod.`), and modules that
  /// contain the model.
  static let prefixes = ["module.", "_orig_mod.", "model.", "net.", "network."]

  /// Reads the zip format of `torch.save`. Nothing in the file is executed.
  /// - Throws: `Failure.badData` if the file is damaged, contains anything but tensors in plain
  ///   containers, or contains no named tensors.
  init(archive url: URL) throws {
    let archive = try ZipArchive(pytorch: url)
    guard
      let pickled = archive.names.first(where: { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }),
      let bytes = try archive.plain(pickled)
    else { throw Failure.badData("it has no member data.pkl, where PyTorch stores an object") }
    let folder = String(pickled.dropLast("data.pkl".count))
    if let order = try archive.plain(folder + "byteorder"), order != Data("little".utf8) {
      throw Failure.badData("its numbers are big-endian, which is not supported")
    }
    let pickle = try Pickle(bytes)
    let found = try Self.namedTensors(in: pickle, pickle.root, depth: 0)
    var tensors: [String: Tensor] = [:]
    // Tensors may share a storage. The limit keeps a small file of many views of one storage from
    // filling the memory.
    var room = 4 * archive.byteCount
    for (name, place) in found {
      let tensor = pickle.tensors[place]
      room -= tensor.shape.reduce(1, *) * tensor.storage.type.byteCount
      guard room >= 0 else {
        throw Failure.badData(
          "its tensors share their numbers too often: together they have more than four times the "
            + "size of the file")
      }
      guard let numbers = try archive.plain("\(folder)data/\(tensor.storage.key)") else {
        throw Failure.badData("the numbers of '\(name)' are missing in the archive")
      }
      tensors[name] = try tensor.read(numbers, name: name)
    }
    self.init(tensors)
  }

  /// The keys under which training scripts store the weights, beside the optimizer and the epoch.
  static let wrappers = [
    "state_dict", "model_state_dict", "model", "net", "network", "weights", "params",
  ]

  /// The named tensors of a dictionary, or of one that it contains under a key in `wrappers`. Each
  /// is an index in the pickle's tensors.
  private static func namedTensors(in pickle: Pickle, _ value: Pickle.Value, depth: Int) throws
    -> [(String, Int)]
  {
    guard case .container(let place) = value, pickle.containers[place].kind == .dictionary else {
      throw Failure.badData(
        "it is not a dictionary of named tensors",
        hint: "save it with torch.save(model.state_dict(), 'weights.pth')")
    }
    let items = pickle.containers[place].items
    let members = stride(from: 0, to: items.count, by: 2).compactMap {
      place -> (String, Pickle.Value)? in
      if case .text(let name) = items[place] { (name, items[place + 1]) } else { nil }
    }
    if depth < 3 {
      for wrapper in wrappers {
        if let inner = members.last(where: { $0.0 == wrapper })?.1,
          case .container(let place) = inner,
          pickle.containers[place].kind == .dictionary
        {
          return try namedTensors(in: pickle, inner, depth: depth + 1)
        }
      }
    }
    let tensors = members.compactMap { name, value in
      if case .tensor(let place) = value { (name, place) } else { nil }
    }
    guard !tensors.isEmpty else {
      let names = members.prefix(8).map { "'\($0.0)'" }.joined(separator: ", ")
      throw Failure.badData(
        "it contains no named tensors; the names in it are \(names.isEmpty ? "none" : names)",
        hint: "save it with torch.save(model.state_dict(), 'weights.pth')")
    }
    return tensors
  }
}
