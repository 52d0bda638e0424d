import Foundation
import ModelCore

/// What wrappers of a network leave in the names of its tensors: prefixes, counters, and the mean and
/// the standard deviation of a normalisation that comes before the network.
struct Wrappers {
  /// The tensors of the network, without the prefixes.
  private(set) var tensors: [String: Tensor]
  /// The normalisation that a wrapper stores beside the network.
  private(set) var normalization: StoredNormalization?

  struct StoredNormalization {
    let value: ModelNotes.Normalization
    /// The names of the mean and the standard deviation, such as `normalize.mean`.
    let names: [String]
    /// The tensors of the file with the mean and the standard deviation, as they were before these
    /// were taken.
    let all: [String: Tensor]
  }

  /// The prefixes of data parallelism (`module.`), compilation (`_orig_mod.`), and modules that
  /// contain the model.
  static let prefixes = ["module.", "_orig_mod.", "model.", "net.", "network."]

  /// Removes one layer of wrapping after the other.
  init(_ tensors: [String: Tensor]) {
    self.tensors = tensors
    while dropCounter() || dropPrefix() || takeNormalization() {}
  }

  /// AveragedModel of torch.optim.swa_utils stores a counter beside the model.
  private mutating func dropCounter() -> Bool {
    let others = tensors.filter { $0.key != "n_averaged" }
    guard others.count < tensors.count, !others.isEmpty,
      others.keys.allSatisfy({ $0.hasPrefix("module.") })
    else { return false }
    tensors = others
    return true
  }

  private mutating func dropPrefix() -> Bool {
    guard !tensors.isEmpty,
      let prefix = Self.prefixes.first(where: { prefix in
        tensors.keys.allSatisfy { $0.hasPrefix(prefix) }
      })
    else { return false }
    tensors = tensors.withoutPrefix(prefix)
    return true
  }

  /// Takes the mean and the standard deviation of a wrapper, which stand beside the network as
  /// `mean` and `std`, or in a module of their own as `normalize.mean` or `0.mean`.
  private mutating func takeNormalization() -> Bool {
    guard normalization == nil else { return false }
    for (mean, deviation) in Self.pairs {
      for name in tensors.keys.sorted() where name.split(separator: ".").last ?? "" == mean {
        let module = String(name.dropLast(mean.count))
        let other = module + deviation
        guard isNormalization(module, [name, other]), let first = tensors[name],
          let second = tensors[other], let found = Self.normalization(first, second)
        else { continue }
        normalization = StoredNormalization(value: found, names: [name, other], all: tensors)
        (tensors[name], tensors[other]) = (nil, nil)
        // In a sequence of a normalisation and the network, the network is the second part.
        if let place = Int(module.dropLast()) { tensors = tensors.withoutPrefix("\(place + 1).") }
        return true
      }
    }
    return false
  }

  /// The names of the mean and of the standard deviation in use: mostly `mean` and `std`, `mu` and
  /// `sigma` in RobustBench, and the third in MadryLab/robustness.
  private static let pairs = [("mean", "std"), ("mu", "sigma"), ("new_mean", "new_std")]

  /// Whether a module with these tensors can be a normalisation before the network: it is the
  /// wrapper itself, or it has no further tensors and a name that says so.
  private func isNormalization(_ module: String, _ names: [String]) -> Bool {
    let others = tensors.keys.filter { !names.contains($0) }
    guard !others.isEmpty else { return false }
    if module.isEmpty { return true }
    let word = module.dropLast().lowercased()
    guard !word.contains("."), !others.contains(where: { $0.hasPrefix(module) }) else {
      return false
    }
    if let place = Int(word) {
      return place < 1000 && others.allSatisfy { $0.hasPrefix("\(place + 1).") }
    }
    return ["norm", "preproc", "transform"].contains { word.contains($0) }
  }

  /// The normalisation with a mean and a standard deviation `[C]`, `[C, 1, 1]` or `[1, C, 1, 1]`; nil
  /// if the tensors are not of such shapes, or not what a normalisation can have.
  private static func normalization(_ mean: Tensor, _ deviation: Tensor)
    -> ModelNotes.Normalization?
  {
    func numbers(_ tensor: Tensor) -> [Double]? {
      guard [.float32, .float64].contains(tensor.type), (1...65_536).contains(tensor.count),
        tensor.shape.count(where: { $0 != 1 }) <= 1
      else { return nil }
      return tensor.to(.float32).floats().map(Double.init)
    }
    guard let means = numbers(mean), let deviations = numbers(deviation),
      means.count == deviations.count || min(means.count, deviations.count) == 1,
      means.allSatisfy({ abs($0) <= 1e6 }), deviations.allSatisfy({ (1e-9...1e6).contains($0) })
    else { return nil }
    return ModelNotes.Normalization(mean: means, deviation: deviations)
  }
}

extension [String: Tensor] {
  /// The tensors whose names begin with a prefix, by the rests of their names.
  func withoutPrefix(_ prefix: String) -> [String: Tensor] {
    reduce(into: [:]) { all, entry in
      if entry.key.hasPrefix(prefix) {
        all[String(entry.key.dropFirst(prefix.count))] = entry.value
      }
    }
  }

  /// The first part of all names, with its dot; nil if the names begin differently.
  var commonPart: String? {
    guard let part = keys.first?.split(separator: ".").first.map({ "\($0)." }),
      keys.allSatisfy({ $0.hasPrefix(part) })
    else { return nil }
    return part
  }
}
