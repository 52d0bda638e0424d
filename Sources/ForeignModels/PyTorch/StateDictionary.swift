import Foundation
import ModelCore
import Support

/// Tensors by name, without the network they belong to: what
/// `torch.save(model.state_dict(), …)` writes, or a safetensors file without a description.
struct StateDictionary {
  private(set) var tensors: [String: Tensor]

  /// Removes the prefixes that wrappers put before all names.
  init(_ tensors: [String: Tensor]) {
    // AveragedModel of torch.optim.swa_utils stores a counter beside the model.
    let others = tensors.filter { $0.key != "n_averaged" }
    self.tensors = others.keys.allSatisfy { $0.hasPrefix("module.") } ? others : tensors
    guard !self.tensors.isEmpty else { return }
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
  /// - Parameter entry: where in a checkpoint the weights are, as `Checkpoint.weights` takes it.
  /// - Throws: `Failure.badData` if the file is damaged, contains no named tensors, or more than one
  ///   dictionary of them that may be the weights.
  init(archive url: URL, entry: String? = nil) throws {
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
    let weights = try Checkpoint(pickle).weights(entry)
    for case (let name, .object(let kind)) in weights.members
    where kind.hasSuffix("Storage") || kind.contains("._rebuild_") {
      throw Failure.badData(
        "tensor '\(name)' is stored as \(kind), which is not supported",
        hint: "save the weights of model.float(), without quantisation")
    }
    var tensors: [String: Tensor] = [:]
    // Tensors may share a storage. The limit keeps a small file of many views of one storage from
    // filling the memory.
    var room = 4 * archive.byteCount
    for (name, place) in weights.tensors {
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
}
