import ModelCore
import Support

/// All ONNX operators that are supported. docs/models.md lists them too. Their definitions are at
/// https://onnx.ai/onnx/operators
///
/// Each group of operators has a table in a file of its own.
enum OnnxOperators {
  /// What a node with one result computes.
  typealias Single = @Sendable (OnnxCall) throws -> Tensor
  /// What a node computes, one tensor for each output. Outputs at the end may be left out.
  typealias Several = @Sendable (OnnxCall) throws -> [Tensor]

  static let all: [String: Several] = {
    let tables = [
      products, normalizations, windows, reductions, functions, activations, combinations,
      comparisons, shapes, parts, constants,
    ]
    let single: [String: Several] = tables.joined().reduce(into: [:]) { all, entry in
      let (name, operation) = entry
      precondition(all[name] == nil, "the operator \(name) is in two tables")
      all[name] = { [try operation($0)] }
    }
    return single.merging(several) { first, _ in first }
  }()

  /// The operators whose nodes may have several results.
  static let several: [String: Several] = [
    "Split": { try $0.split() },
    "TopK": { try $0.largest() },
  ]
}
