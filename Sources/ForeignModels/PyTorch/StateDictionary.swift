import Foundation
import ModelCore
import Support

/// Tensors by name, without the network they belong to: what
/// `torch.save(model.state_dict(), …)` writes, or a safetensors file without a description.
struct StateDictionary {
  let tensors: [String: Tensor]
  /// The normalisation that a wrapper stores beside the network.
  let normalization: Wrappers.StoredNormalization?

  /// Removes what wrappers add to the names.
  init(_ tensors: [String: Tensor]) {
    let wrappers = Wrappers(tensors)
    (self.tensors, normalization) = (wrappers.tensors, wrappers.normalization)
  }

  /// - Parameter entry: the part of the tensors that is meant: those whose names begin with it and a
  ///   dot; nil for all.
  /// - Throws: `Failure.badData` if there is no such tensor.
  init(_ tensors: [String: Tensor], entry: String?) throws {
    let part = entry.map { tensors.withoutPrefix("\($0).") } ?? tensors
    guard !part.isEmpty || tensors.isEmpty else {
      throw Failure.badData("no name of its tensors begins with '\(entry ?? "").'")
    }
    self.init(part)
  }

  /// Reads what `torch.save` wrote. Nothing in the file is executed.
  /// - Parameter entry: where in a checkpoint the weights are, as `Checkpoint.weights` takes it.
  /// - Throws: `Failure.badData` if the file is damaged, contains no named tensors, or more than one
  ///   dictionary of them that may be the weights.
  init(saved url: URL, entry: String? = nil) throws {
    let saved = try SavedObject(url)
    let weights = try Checkpoint(saved.pickle).weights(entry)
    for case (let name, .object(let kind)) in weights.members
    where kind.hasSuffix("Storage") || kind.contains("._rebuild_") {
      throw Failure.badData(
        "tensor '\(name)' is stored as \(kind), which is not supported",
        hint: "save the weights of model.float(), without quantisation")
    }
    var tensors: [String: Tensor] = [:]
    // Tensors may share a storage. The limit keeps a small file of many views of one storage from
    // filling the memory.
    var room = 4 * saved.byteCount
    for (name, place) in weights.tensors {
      let tensor = saved.pickle.tensors[place]
      room -= tensor.shape.reduce(1, *) * tensor.storage.type.byteCount
      guard room >= 0 else {
        throw Failure.badData(
          "its tensors share their numbers too often: together they have more than four times the "
            + "size of the file")
      }
      tensors[name] = try tensor.read(try saved.numbers(of: tensor, name: name), name: name)
    }
    self.init(tensors)
  }
}
