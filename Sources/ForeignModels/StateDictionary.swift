import Foundation
import ModelCore
import Support

/// Named tensors without a network: what `torch.save(model.state_dict(), …)` writes, or a
/// safetensors file from elsewhere.
struct StateDictionary {
  private(set) var tensors: [String: Tensor]

  /// The tensors of a file, under their names without what wrappers put before all of them.
  init(_ tensors: [String: Tensor]) {
    self.tensors = tensors
    while let prefix = Self.prefixes.first(where: { prefix in
      self.tensors.keys.allSatisfy { $0.hasPrefix(prefix) }
    }),
      !self.tensors.isEmpty
    {
      self.tensors = Dictionary(
        uniqueKeysWithValues: self.tensors.map {
          (String($0.key.dropFirst(prefix.count)), $0.value)
        })
    }
  }

  /// Of data parallelism, compilation, and modules that hold the model as a part.
  private static let prefixes = ["module.", "_orig_mod.", "model.", "net.", "network."]

  // MARK: PyTorch's archives

  /// Reads the zip format of `torch.save`. Nothing in it is run.
  /// - Throws: `Failure.badData` if it is damaged, holds more than tensors in plain containers, or
  ///   no named tensors.
  init(archive url: URL) throws {
    let archive = try ZipArchive(pytorch: url)
    guard
      let pickled = archive.names.first(where: { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }),
      let bytes = try archive.plain(pickled)
    else { throw Failure.badData("it has no data.pkl, where PyTorch keeps what was saved") }
    let folder = String(pickled.dropLast("data.pkl".count))
    if let order = try archive.plain(folder + "byteorder"), order != Data("little".utf8) {
      throw Failure.badData(
        "its numbers are written with the greatest byte first, which is not read")
    }
    let pickle = try Pickle(bytes)
    let found = try Self.namedTensors(in: pickle, pickle.root, depth: 0)
    var tensors: [String: Tensor] = [:]
    // Tensors may share their numbers, but not so many that a small file fills the memory.
    var room = 4 * archive.byteCount
    for (name, place) in found {
      let tensor = pickle.tensors[place]
      room -= tensor.shape.reduce(1, *) * tensor.storage.type.byteCount
      guard room >= 0 else {
        throw Failure.badData(
          "its tensors share their numbers too often: they are more than four times the file")
      }
      guard let numbers = try archive.plain("\(folder)data/\(tensor.storage.key)") else {
        throw Failure.badData("the numbers of '\(name)' are missing in the archive")
      }
      tensors[name] = try tensor.read(numbers, name: name)
    }
    self.init(tensors)
  }

  /// What trainings wrap the weights in, beside optimizers and epochs.
  private static let wrappers = [
    "state_dict", "model_state_dict", "model", "net", "network", "weights", "params",
  ]

  /// The tensors of a dictionary, or of the one it wraps, as places in the pickle.
  private static func namedTensors(in pickle: Pickle, _ value: Pickle.Value, depth: Int) throws
    -> [(String, Int)]
  {
    guard case .container(let place) = value, pickle.containers[place].kind == .dictionary else {
      throw Failure.badData(
        "it holds no dictionary of named tensors",
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
        "it holds no named tensors; its entries are \(names.isEmpty ? "none" : names)",
        hint: "save it with torch.save(model.state_dict(), 'weights.pth')")
    }
    return tensors
  }

  // MARK: Networks

  /// The network that notes describe, with these tensors.
  /// - Throws: `Failure.badData` naming every tensor that is missing, unknown or of another shape.
  func network(_ notes: ModelNotes, for images: LoadedModel.Images?, device: Device) throws
    -> Network
  {
    guard notes.layout ?? .nchw == .nchw else {
      throw Failure.badData(
        "layout \(notes.layout?.rawValue ?? "") is for programs; layers take images as nchw")
    }
    guard let input = notes.input ?? images?.shape else {
      throw Failure.badData(
        "it does not say what images it takes",
        hint: "name their shape, like input=3x32x32, or the data it is for")
    }
    let (description, names) = try describe(notes, input, images)
    let needed = try description.parameters()
    let theirs = Dictionary(
      uniqueKeysWithValues: needed.map { ($0.name, names[$0.name] ?? $0.name) })
    try check(needed, under: theirs)
    let placed = needed.compactMap { parameter in
      tensors[theirs[parameter.name] ?? ""].map { (parameter.name, $0) }
    }
    let network = try Network(
      description, tensors: Dictionary(uniqueKeysWithValues: placed), device: device)
    return try network.preceded(by: notes.preparation(channels: input.channels))
  }

  /// The network, and the names of its tensors in this file where they are not its own.
  private func describe(
    _ notes: ModelNotes, _ input: InputShape, _ images: LoadedModel.Images?
  ) throws -> (NetworkDescription, [String: String]) {
    if let name = notes.architecture {
      let architecture = try Architecture.named(name)
      let classes = notes.classNames ?? images?.classNames
      guard let classes else {
        throw Failure.badData(
          "it does not say what classes it knows", hint: "give their number, like classes=10")
      }
      let description = try architecture.description(input: input, classNames: classes)
      let published = try architecture.publishedNames(for: description)
      let own = try description.parameters().map(\.name)
      let isPublished =
        published.values.count { tensors[$0] != nil } > own.count { tensors[$0] != nil }
      return (description, isPublished ? published : [:])
    }
    guard let layers = notes.layers else {
      throw Failure.badData(
        "it holds weights and does not say of what network",
        hint:
          "name its architecture (crossfire list architectures), or give its layers in an experiment file or as metadata"
      )
    }
    let count = try layers.shapes(from: input.sizes).last?.first ?? 0
    let known = notes.classNames ?? (images?.classNames.count == count ? images?.classNames : nil)
    return (
      try NetworkDescription(
        input: input, layers: layers, classNames: known ?? (0..<count).map(String.init)), [:]
    )
  }

  private func check(_ needed: [ParameterDescription], under names: [String: String]) throws {
    var problems: [String] = []
    let wanted = Set(names.values)
    let unknown = tensors.keys.filter { !wanted.contains($0) }.sorted()
    for parameter in needed {
      let name = names[parameter.name] ?? parameter.name
      if let tensor = tensors[name] {
        if tensor.shape != parameter.shape {
          problems.append("'\(name)' has shape \(tensor.shape), expected \(parameter.shape)")
        }
      } else if case .counter = parameter.role {
        // Files from before PyTorch 0.4.1 have no counters, and nothing depends on them.
        continue
      } else {
        let near = nearestName(to: name, among: unknown).map { " (there is '\($0)')" } ?? ""
        problems.append("'\(name)' is missing\(near)")
      }
    }
    let missing = wanted.filter { tensors[$0] == nil }.sorted()
    problems += unknown.map { name in
      let near = nearestName(to: name, among: missing).map { " (there should be '\($0)')" } ?? ""
      return "'\(name)' belongs to no layer\(near)"
    }
    guard let first = problems.first else { return }
    let shown = problems.prefix(12).joined(separator: "; ")
    let more = problems.count > 12 ? "; and \(problems.count - 12) more" : ""
    throw Failure.badData(
      problems.count == 1
        ? "tensor \(first)" : "\(problems.count) tensors do not fit: \(shown)\(more)",
      hint: "is it another architecture, another number of classes, or another shape of images?")
  }
}

extension Pickle.StoredTensor {
  /// The tensor's own numbers, in row-major order, out of those of its storage.
  fileprivate func read(_ numbers: Data, name: String) throws -> Tensor {
    let width = storage.type.byteCount
    guard numbers.count / width >= storage.count else {
      throw Failure.badData(
        "the numbers of '\(name)' take \(numbers.count) bytes; \(storage.count) numbers were saved")
    }
    let count = shape.reduce(1, *)
    return numbers.withUnsafeBytes { bytes in
      guard count > 0, !isPlain else {
        let start = count == 0 ? 0 : offset * width
        return Tensor(
          copying: UnsafeRawBufferPointer(rebasing: bytes[start..<start + count * width]),
          shape: shape,
          type: storage.type)
      }
      var out = [UInt8](repeating: 0, count: count * width)
      var index = [Int](repeating: 0, count: shape.count)
      for item in 0..<count {
        let place = zip(index, strides).reduce(offset) { $0 + $1.0 * $1.1 } * width
        for byte in 0..<width { out[item * width + byte] = bytes[place + byte] }
        for dimension in shape.indices.reversed() {
          index[dimension] += 1
          if index[dimension] < shape[dimension] { break }
          index[dimension] = 0
        }
      }
      return out.withUnsafeBytes { Tensor(copying: $0, shape: shape, type: storage.type) }
    }
  }

  /// Whether the numbers lie in row-major order without gaps.
  private var isPlain: Bool {
    var expected = 1
    for (size, stride) in zip(shape, strides).reversed() where size != 1 {
      guard stride == expected else { return false }
      expected *= size
    }
    return true
  }
}
