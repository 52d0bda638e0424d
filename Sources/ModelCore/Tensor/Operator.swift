import CTorch
import Support

/// An operator of libtorch that is found by its name and called through libtorch's dispatcher.
///
/// Every operator can be called in this way, on every device, and gradients go through it. The
/// operators and their arguments are those of PyTorch's `torch.ops.aten`.
///
///     let mean = try Operator("aten::mean", "dim")
///     let means = try mean([.tensor(images), .ints([2, 3]), .bool(false)]).tensor
///
/// A call throws `Failure.badData` with libtorch's reason if the arguments do not fit. It does not
/// bound the size of a result: see `withMemoryLimit(_:_:)`.
package final class Operator: @unchecked Sendable {
  private let reference: OpaquePointer
  /// The name and the overload, such as "aten::mean.dim".
  package let name: String
  /// The names of its arguments, in order.
  package let arguments: [String]

  /// - Parameters:
  ///   - name: the name with its namespace, such as "aten::mean".
  ///   - overload: the name of the overload; empty for the default one.
  /// - Throws: `Failure.badData` if libtorch has no such operator.
  package init(_ name: String, _ overload: String = "") throws {
    guard let reference = ct_operator_find(name, overload) else {
      throw Failure.badData(Engine.briefError)
    }
    self.reference = reference
    self.name = overload.isEmpty ? name : "\(name).\(overload)"
    arguments = (0..<ct_operator_arguments(reference)).map {
      String(cString: ct_operator_argument(reference, $0))
    }
  }

  /// Whether a call may write into the tensor that is given for an argument, as "aten::relu_" does.
  package func writes(toArgument place: Int) -> Bool { ct_operator_writes(reference, Int32(place)) }

  /// Whether results may share memory with the arguments, as those of "aten::view" do.
  package var sharesMemory: Bool { ct_operator_shares(reference) }

  /// Calls the operator. Arguments that are left out at the end, or given as `.missing`, have the
  /// values that the operator states as its defaults.
  /// - Throws: `Failure.badData` with the reason that libtorch gives, if it refuses the call.
  package func callAsFunction(_ values: [Value]) throws -> Results {
    guard let stack = ct_stack_new() else { throw Failure.badData(Engine.briefError) }
    let results = Results(owning: stack)
    guard values.count <= arguments.count else {
      throw Failure.badData(
        "\(name) takes \(arguments.count) arguments, found \(values.count)")
    }
    for place in arguments.indices {
      try add(place < values.count ? values[place] : .missing, to: stack)
    }
    guard ct_operator_call(reference, stack) else { throw Failure.badData(Engine.briefError) }
    return results
  }

  private func add(_ value: Value, to stack: OpaquePointer) throws {
    switch value {
    case .missing:
      guard ct_stack_add_default(stack, reference) else { throw Failure.badData(Engine.briefError) }
    case .none: ct_stack_add_none(stack)
    case .tensor(let tensor): ct_stack_add_tensor(stack, tensor.reference)
    case .int(let number): ct_stack_add_int(stack, Int64(number))
    case .double(let number): ct_stack_add_double(stack, number)
    case .bool(let truth): ct_stack_add_bool(stack, truth)
    case .text(let text): ct_stack_add_text(stack, text)
    case .device(let device): ct_stack_add_device(stack, device.index)
    case .ints(let numbers): ct_stack_add_ints(stack, numbers.sizes, Int32(numbers.count))
    case .doubles(let numbers): ct_stack_add_doubles(stack, numbers, Int32(numbers.count))
    case .bools(let truths): ct_stack_add_bools(stack, truths, Int32(truths.count))
    case .tensors(let tensors):
      withExtendedLifetime(tensors) {
        let references = tensors.map { $0?.reference }
        ct_stack_add_tensors(stack, references, Int32(tensors.count))
      }
    }
  }
}

extension Operator {
  /// An argument or a result.
  package enum Value: Sendable {
    /// An argument that is left out.
    case missing
    /// The value None.
    case none
    case tensor(Tensor)
    /// A list of tensors, some of which may be left out.
    case tensors([Tensor?])
    case int(Int)
    case ints([Int])
    case double(Double)
    case doubles([Double])
    case bool(Bool)
    case bools([Bool])
    case text(String)
    case device(Device)
  }

  /// What a call gave, in order.
  package final class Results {
    private let stack: OpaquePointer

    fileprivate init(owning stack: OpaquePointer) { self.stack = stack }
    deinit { ct_stack_free(stack) }

    package var count: Int { Int(ct_stack_count(stack)) }

    /// The first result, which must be a tensor.
    /// - Throws: `Failure.badData` if it is something else.
    package var tensor: Tensor {
      get throws {
        guard count > 0, case .tensor(let tensor) = try self[0] else {
          throw Failure.badData("the operator gives no tensor")
        }
        return tensor
      }
    }

    /// The first result, which must be a list of tensors.
    /// - Throws: `Failure.badData` if it is something else.
    package var tensors: [Tensor] {
      get throws {
        guard count > 0, case .tensors(let tensors) = try self[0] else {
          throw Failure.badData("the operator gives no list of tensors")
        }
        return tensors.compactMap { $0 }
      }
    }

    package subscript(_ place: Int) -> Value {
      get throws {
        let here = Int32(place)
        switch UInt32(ct_stack_kind(stack, here)) {
        case ct_kind_none.rawValue: return .none
        case ct_kind_tensor.rawValue:
          return .tensor(try Tensor(checking: ct_stack_tensor(stack, here, 0)))
        case ct_kind_tensors.rawValue:
          return .tensors(
            try (0..<ct_stack_length(stack, here)).map {
              try Tensor(checking: ct_stack_tensor(stack, here, $0))
            })
        case ct_kind_int.rawValue: return .int(Int(ct_stack_int(stack, here)))
        case ct_kind_bool.rawValue: return .bool(ct_stack_int(stack, here) != 0)
        case ct_kind_double.rawValue: return .double(ct_stack_double(stack, here))
        default: throw Failure.badData("the operator gives something else than tensors and numbers")
        }
      }
    }
  }
}

/// Runs a body whose large tensors may take at most `bytes` of the processor's memory in addition to
/// those that this thread has already. An operation that needs more fails.
///
/// It is for computations that a file describes, whose sizes nobody has checked.
package func withMemoryLimit<Result>(_ bytes: Int, _ body: () throws -> Result) rethrows -> Result {
  ct_limit_memory(Int64(bytes))
  defer { ct_limit_memory(-1) }
  return try body()
}
