/// Groups that the data name: the number of each example's group, and the names of all groups.
struct NamedGroups {
  /// The names of all groups of the data, of every split, in order.
  let names: [String]
  /// The group of each example.
  let numbers: [Int64]

  /// - Parameters:
  ///   - own: the name of the group of each example.
  ///   - all: the names of the groups of all splits, so that a group has the same number in each.
  init(_ own: [String], among all: Set<String>) {
    names = ClassFolders.inOrder(all)
    let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Int64($0)) })
    numbers = own.map { places[$0]! }
  }

  private init(names: [String], numbers: [Int64]) {
    self.names = names
    self.numbers = numbers
  }

  /// The groups of the examples at some places.
  func choosing(_ places: [Int]) -> NamedGroups {
    NamedGroups(names: names, numbers: places.map { numbers[$0] })
  }

  /// Lines for the user about groups that are too small to say much about.
  /// - Parameter name: the name of the examples.
  func notes(on name: String) -> [String] {
    var sizes = [Int](repeating: 0, count: names.count)
    for number in numbers { sizes[Int(number)] += 1 }
    func line(_ size: Int, _ what: String) -> [String] {
      let found = names.indices.filter { sizes[$0] == size }.map { "'\(names[$0])'" }
      guard !found.isEmpty else { return [] }
      let shown = found.prefix(5).joined(separator: ", ") + (found.count > 5 ? ", …" : "")
      return ["\(name): \(what): \(shown)"]
    }
    return line(0, "groups of the data without an example here, so nothing is known about them")
      + line(1, "groups with a single example, whose accuracy is 0 or 1")
  }
}
