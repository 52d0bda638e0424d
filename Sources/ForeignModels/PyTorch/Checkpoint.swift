import Support

/// The dictionaries of named tensors in what `torch.save` wrote, one of which contains the weights.
///
/// It may be the dictionary itself, or a checkpoint, which stores the weights under a key beside
/// the state of the optimizer, the settings of the training, and further things that are ignored.
struct Checkpoint {
  struct Entry {
    /// The keys that lead to this dictionary; none for the outermost one.
    let keys: [String]
    /// The members whose keys are texts.
    let members: [(name: String, value: Pickle.Value)]
    /// The members that are tensors, each as an index in the pickle's tensors.
    let tensors: [(name: String, place: Int)]
    /// The name as a user gives it: `entry=checkpoint.weights`.
    var name: String { keys.joined(separator: ".") }

    /// The members whose names begin with a text and a dot, by the rests of their names; nil if there
    /// is none.
    func part(_ name: String) -> Entry? {
      let members = members.filter { $0.name.hasPrefix(name + ".") }.map {
        (name: String($0.name.dropFirst(name.count + 1)), value: $0.value)
      }
      let part = Entry(keys: keys + [name], members: members)
      return part.tensors.isEmpty ? nil : part
    }

    init(keys: [String], members: [(name: String, value: Pickle.Value)]) {
      self.keys = keys
      self.members = members
      tensors = members.compactMap { name, value in
        if case .tensor(let place) = value { (name, place) } else { nil }
      }
    }
  }

  /// The keys under which training scripts store the weights, the most likely one first.
  static let wrappers = [
    "state_dict", "model_state_dict", "model", "net", "network", "weights", "params",
  ]

  /// The dictionaries that contain a tensor, the outer ones first.
  let entries: [Entry]
  private let outermost: Entry

  /// - Throws: `Failure.badData` if the pickle contains no dictionary at its top.
  init(_ pickle: Pickle) throws {
    guard let outermost = Self.entry(pickle.root, [], in: pickle) else {
      var found = "it is not a dictionary of named tensors"
      if case .object(let name) = pickle.root {
        found = "it contains pickled code (\(name)), which is not loaded"
      }
      throw Failure.badData(found, hint: Self.hint)
    }
    self.outermost = outermost
    var entries = [outermost]
    var next = 0
    // A dictionary can contain itself, so the depth is limited and none is visited twice.
    var seen: Set<Int> = []
    if case .container(let place) = pickle.root { seen.insert(place) }
    while next < entries.count {
      let entry = entries[next]
      next += 1
      guard entry.keys.count < 3 else { continue }
      for (name, value) in entry.members {
        guard case .container(let place) = value, seen.insert(place).inserted,
          let inner = Self.entry(value, entry.keys + [name], in: pickle)
        else { continue }
        entries.append(inner)
      }
    }
    self.entries = entries.filter { !$0.tensors.isEmpty }
    guard self.entries.count <= 256 else {
      throw Failure.badData("it contains more than 256 dictionaries of tensors", hint: Self.hint)
    }
  }

  private static let hint =
    "save only the weights with torch.save(model.state_dict(), 'weights.pth'), or save the model "
    + "as TorchScript"

  private static func entry(_ value: Pickle.Value, _ keys: [String], in pickle: Pickle) -> Entry? {
    guard case .container(let place) = value, pickle.containers[place].kind == .dictionary else {
      return nil
    }
    let items = pickle.containers[place].items
    let members = stride(from: 0, to: items.count, by: 2).compactMap {
      place -> (name: String, value: Pickle.Value)? in
      if case .text(let name) = items[place] { (name, items[place + 1]) } else { nil }
    }
    return Entry(keys: keys, members: members)
  }

  /// The dictionary that contains the weights: the one that the user names, else the one under the
  /// likeliest key, else the only one. If one is inside of another, the one with more tensors counts.
  /// The user can also name a part of the weights, whose names begin with its name and a dot.
  /// - Throws: `Failure.badData` that names the dictionaries to choose from.
  func weights(_ name: String? = nil) throws -> Entry {
    guard !entries.isEmpty else { throw nothing }
    var fitting = entries
    if let name {
      fitting = entries.filter { $0.name == name || $0.name.hasPrefix(name + ".") }
      if fitting.isEmpty, let part = try? weights().part(name) { return part }
      guard !fitting.isEmpty else {
        throw Failure.badData("it has no tensors under '\(name)'; \(list(entries))")
      }
      if let exact = fitting.first(where: { $0.name == name }) { return exact }
    }
    let ranked = fitting.compactMap { entry -> (rank: [Int], entry: Entry)? in
      let rank = entry.keys.compactMap { Self.wrappers.firstIndex(of: $0) }
      return rank.isEmpty || rank.count < entry.keys.count ? nil : (rank, entry)
    }
    if let best = ranked.min(by: { $0.rank.lexicographicallyPrecedes($1.rank) }) {
      return best.entry
    }
    let largest = fitting.filter { entry in
      !fitting.contains { other in
        other.keys.count > entry.keys.count
          ? other.keys.starts(with: entry.keys) && other.tensors.count >= entry.tensors.count
          : other.keys.count < entry.keys.count && entry.keys.starts(with: other.keys)
            && other.tensors.count > entry.tensors.count
      }
    }
    guard largest.count == 1, let only = largest.first else {
      throw Failure.badData(
        "it contains several dictionaries of tensors; \(list(largest))",
        hint: "choose one, like :entry=\(largest.last?.name ?? "model") after the file")
    }
    return only
  }

  private func list(_ entries: [Entry]) -> String {
    let texts = entries.filter { !$0.keys.isEmpty }.prefix(12).map { entry in
      let count = entry.tensors.count
      return "'\(entry.name.prefix(80))' (\(count) tensor\(count == 1 ? "" : "s"))"
    }
    return "tensors are under \(texts.isEmpty ? "no key" : texts.joined(separator: ", "))"
  }

  private var nothing: Failure {
    let names = outermost.members.prefix(8).map { name, value in
      if case .object(let kind) = value { return "'\(name)' (pickled code: \(kind))" }
      return "'\(name)'"
    }
    return Failure.badData(
      "it contains no named tensors; the names in it are "
        + (names.isEmpty ? "none" : names.joined(separator: ", ")), hint: Self.hint)
  }
}
