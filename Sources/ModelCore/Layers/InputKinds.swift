import Support

/// The two kinds of input a layer may need. A layer that accepts both checks neither.
extension Layer {
  /// Refuses an input that is not a picture `[C, H, W]`.
  func requirePicture(_ input: [Int]) throws {
    guard input.count == 3 else {
      throw Failure.badData(
        "this layer needs a picture (channels x height x width), found \(described(input))",
        hint: "use it before 'flatten'; for rows of a table, use layers such as 'linear'")
    }
  }

  /// Refuses an input that is not a row of numbers `[D]`.
  func requireRow(_ input: [Int]) throws {
    guard input.count == 1 else {
      throw Failure.badData(
        "this layer needs a row of numbers, found \(described(input))",
        hint: "put 'flatten' before it")
    }
  }

  private func described(_ input: [Int]) -> String {
    switch input.count {
    case 1: "a row of \(input[0]) numbers"
    case 3: "a picture \(input.map(String.init).joined(separator: "x"))"
    default: "an input of \(input.count) dimensions"
    }
  }
}
