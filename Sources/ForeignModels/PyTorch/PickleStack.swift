/// The working memory of a pickle: a stack of values, remembered values, and the containers that
/// values refer to.
///
/// All containers lie in one array, so that nesting, cycles and sharing need no recursion: neither
/// reading nor freeing them can exhaust the call stack.
struct PickleStack {
  private(set) var containers: [Pickle.Container] = []
  private var values: [Pickle.Value] = []
  private var memo: [Int: Pickle.Value] = [:]

  mutating func push(_ value: Pickle.Value) { values.append(value) }

  /// Makes a container and pushes it.
  mutating func push(_ kind: Pickle.Container.Kind, _ items: [Pickle.Value]) {
    containers.append(Pickle.Container(kind: kind, items: items))
    values.append(.container(containers.count - 1))
  }

  mutating func pop() throws -> Pickle.Value {
    guard let last = values.popLast(), last != .mark else { throw Self.empty }
    return last
  }

  /// Removes the last `count` values, and returns them in the order in which they were pushed.
  mutating func pop(_ count: Int) throws -> [Pickle.Value] {
    guard values.count >= count else { throw Self.empty }
    defer { values.removeLast(count) }
    return Array(values.suffix(count))
  }

  /// Removes the values after the last mark, and the mark.
  mutating func popToMark() throws -> [Pickle.Value] {
    guard let mark = values.lastIndex(of: .mark) else {
      throw Pickle.damaged("a list has no beginning")
    }
    defer { values.removeLast(values.count - mark) }
    return Array(values[(mark + 1)...])
  }

  /// The value `below` places below the top.
  func top(_ below: Int = 0) throws -> Pickle.Value {
    guard values.count > below else { throw Self.empty }
    return values[values.count - 1 - below]
  }

  /// Appends items to the container at the top, which must be of that kind. Items of an object are
  /// dropped.
  mutating func append(_ items: [Pickle.Value], to kind: Pickle.Container.Kind) throws {
    if case .object = try top() { return }
    guard case .container(let place) = try top(), containers[place].kind == kind,
      kind == .list || items.count.isMultiple(of: 2)
    else { throw Pickle.damaged("items have no container") }
    containers[place].items += items
  }

  /// Remembers the value at the top under a number; without one, under the next number.
  mutating func remember(as place: Int? = nil) throws { memo[place ?? memo.count] = try top() }

  /// Pushes a remembered value.
  mutating func recall(_ place: Int) throws {
    guard let value = memo[place] else {
      throw Pickle.damaged("it refers to a value that does not exist")
    }
    values.append(value)
  }

  /// Frees what is needed only while the pickle is read.
  mutating func finish() { (values, memo) = ([], [:]) }

  private static let empty = Pickle.damaged("the stack is empty")
}
