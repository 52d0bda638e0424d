import Support

/// The kinds of input a layer may need. A layer that accepts all of them checks none.
///
/// Tokens `[T, D]` are a sequence of T vectors of D numbers each, such as the patches of a picture
/// in a transformer.
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

  /// Refuses an input that is not tokens `[T, D]`.
  func requireTokens(_ input: [Int]) throws {
    guard input.count == 2 else {
      throw Failure.badData(
        "this layer needs tokens (their number x the size of each), found \(described(input))",
        hint: "'patches' makes tokens of a picture")
    }
  }

  /// Refuses tokens `[T, D]`.
  func refuseTokens(_ input: [Int]) throws {
    guard input.count != 2 else {
      throw Failure.badData(
        "this layer needs a picture or a row of numbers, found \(described(input))",
        hint: "layers for tokens are linear, layernorm, attention, dropout and the activations")
    }
  }

  private func described(_ input: [Int]) -> String {
    switch input.count {
    case 1: "a row of \(input[0]) numbers"
    case 2: "\(input[0]) tokens of \(input[1]) numbers"
    case 3: "a picture \(input.map(String.init).joined(separator: "x"))"
    default: "an input of \(input.count) dimensions"
    }
  }
}
