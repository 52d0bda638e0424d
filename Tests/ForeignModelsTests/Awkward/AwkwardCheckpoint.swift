import Foundation
import ModelCore
import TestSupport

/// A checkpoint of named tensors as `torch.save` writes it, with things that training scripts store
/// beside the weights.
struct AwkwardCheckpoint: Sendable {
  /// What else is in the file.
  enum Extra: CaseIterable {
    case nothing, namespace, scalar, defaultDictionary, list, set, optimizer
  }

  /// The name of the entry that has the weights; nil: the weights are the whole file.
  let entry: String?
  let prefix: String
  let extra: Extra
  /// The type of the numbers: float32, float16 or bfloat16.
  let storage: String

  /// The numbers of a tensor of some size, each exact in every type.
  static func numbers(_ count: Int) -> [Float] {
    (0..<count).map { Float($0 * 5 % 7) * 0.25 - 0.5 }
  }

  /// One of the awkward checkpoints. The same number gives the same file.
  init(_ number: Int) {
    entry = [nil, "state_dict", "model", "rmodel", "net", "state_dict_ema"][number % 6]
    prefix = ["", "module.", "model."][number / 2 % 3]
    extra = entry == nil ? .nothing : Extra.allCases[number / 6 % Extra.allCases.count]
    storage = ["FloatStorage", "HalfStorage", "BFloat16Storage"][number / 5 % 3]
  }

  /// The bytes of a file with tensors of some names and shapes.
  func bytes(_ tensors: [(name: String, shape: [Int])]) -> [UInt8] {
    var dictionary: [UInt8] = [0x7d, 0x28]
    var members: [(name: String, content: [UInt8])] = []
    for (place, stored) in tensors.enumerated() {
      dictionary += text(prefix + stored.name) + tensor("\(place)", stored.shape)
      let numbers = Self.numbers(stored.shape.reduce(1, *))
      members.append(("archive/data/\(place)", numbers.flatMap { bytes(of: $0) }))
    }
    dictionary.append(0x75)
    var root: [UInt8] = dictionary
    if let entry {
      root = [0x7d, 0x28]  // {entry: …, …}
      root += text(entry) + dictionary + extras
      root.append(0x75)
    }
    members.append(("archive/data.pkl", [0x80, 2] + root + [0x2e]))
    members.append(("archive/byteorder", Array("little".utf8)))
    members.append(("archive/version", Array("3\n".utf8)))
    return storedZip(members)
  }

  /// Entries that no reader of weights needs.
  private var extras: [UInt8] {
    func name(_ module: String, _ word: String) -> [UInt8] { Array("c\(module)\n\(word)\n".utf8) }
    let empty: [UInt8] = [0x29]  // ()
    return switch extra {
    case .nothing: []
    case .namespace:
      // argparse.Namespace(**{lr: 1}), as copyreg writes objects
      text("args") + name("argparse", "Namespace") + empty + [0x81, 0x7d, 0x28] + text("lr")
        + [0x4b, 1, 0x75, 0x62]
    case .scalar:
      text("best_acc") + name("numpy.core.multiarray", "scalar") + [0x28] + name("numpy", "dtype")
        + [0x28] + text("f8") + [0x4b, 0, 0x4b, 1, 0x74, 0x52] + text("12345678") + [0x74, 0x52]
    case .defaultDictionary:
      text("meters") + name("collections", "defaultdict") + name("__builtin__", "list")
        + [0x85, 0x52]
    case .list: text("losses") + [0x5d, 0x28, 0x4b, 1, 0x4b, 2, 0x65]
    case .set: text("seen") + name("__builtin__", "set") + [0x5d, 0x85, 0x52]
    case .optimizer:
      text("optimizer") + [0x7d, 0x28] + text("lr") + [0x47, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0x75]
        + text("epoch") + [0x4b, 9]
    }
  }

  private func text(_ text: String) -> [UInt8] {
    [0x58] + little(text.utf8.count, 4) + Array(text.utf8)
  }

  private func little(_ number: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  private func number(_ number: Int) -> [UInt8] { [0x4a] + little(number, 4) }

  private func tensor(_ key: String, _ shape: [Int]) -> [UInt8] {
    let count = shape.reduce(1, *)
    let tuple: (_ numbers: [Int]) -> [UInt8] = { numbers in
      numbers.flatMap { number($0) } + [numbers.count == 1 ? 0x85 : 0x86]
    }
    let strides = shape.count == 1 ? [1] : [shape[1], 1]
    let reference =
      [0x28] + text("storage") + Array("ctorch\n\(storage)\n".utf8) + text(key) + text("cpu")
      + number(count) + [0x74, 0x51]
    return Array("ctorch._utils\n_rebuild_tensor_v2\n(".utf8) + reference + [0x4b, 0]
      + tuple(shape) + tuple(strides) + [0x89] + Array("ccollections\nOrderedDict\n)RtR".utf8)
  }

  /// The bytes of a number. All numbers here are exact in every type.
  private func bytes(of number: Float) -> [UInt8] {
    let bits = number.bitPattern
    switch storage {
    case "FloatStorage": return little(Int(bits), 4)
    case "BFloat16Storage": return little(Int(bits >> 16), 2)
    default:
      let exponent = Int(bits >> 23 & 0xff) - 112
      let half = exponent <= 0 ? 0 : exponent << 10 | Int(bits >> 13 & 0x3ff)
      return little(Int(bits >> 16 & 0x8000) | half, 2)
    }
  }
}
