import Foundation
import ModelCore
import Support

/// The operators of libtorch that ONNX operators are computed with, each looked up once.
private final class AtenOperators: @unchecked Sendable {
  static let shared = AtenOperators()
  private let lock = NSLock()
  private var known: [String: Operator] = [:]

  /// - Parameter name: the name, and the overload after a dot, such as `where.self`.
  func named(_ name: String) throws -> Operator {
    lock.lock()
    defer { lock.unlock() }
    if let found = known[name] { return found }
    let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
    let found = try Operator("aten::\(parts[0])", parts.count > 1 ? parts[1] : "")
    known[name] = found
    return found
  }
}

extension OnnxCall {
  /// Calls an operator of libtorch, whose gradient is known. The size of the result must have been
  /// checked.
  /// - Parameter name: the name, and the overload after a dot, such as `where.self`.
  /// - Returns: its only result, or the first one.
  func aten(_ name: String, _ arguments: [Operator.Value]) throws -> Tensor {
    try AtenOperators.shared.named(name)(arguments).tensor
  }

  /// Calls an operator of libtorch that gives several tensors.
  func atenResults(_ name: String, _ arguments: [Operator.Value]) throws -> [Tensor] {
    let results = try AtenOperators.shared.named(name)(arguments)
    return try (0..<results.count).map {
      guard case .tensor(let tensor) = try results[$0] else {
        throw wrong("has a result that is not a tensor")
      }
      return tensor
    }
  }

  /// Tensors on one device: those on the processor move to the device that another one is on.
  ///
  /// Whole numbers and truth values are kept on the processor, where they describe shapes. They
  /// move when numbers of the network meet them.
  func together(_ tensors: [Tensor]) -> [Tensor] {
    guard let device = tensors.first(where: { $0.device != .cpu })?.device else { return tensors }
    return tensors.map { $0.to(device) }
  }

  /// An operator of libtorch on two tensors, whose shapes are broadcast.
  func pair(_ name: String, _ a: Tensor, _ b: Tensor) throws -> Tensor {
    _ = try broadcast(a.shape, b.shape)
    let both = together([a, b])
    return try aten(name, [.tensor(both[0]), .tensor(both[1])])
  }
}
