import CTorch

/// An n-dimensional array of numbers of one type on one device. libtorch stores it and computes
/// with it.
///
/// A tensor is a value: operations return new tensors. Only `assign`, optimizers and batch
/// normalisation in training change tensors in place, and only the tensors of a network or an
/// optimizer.
///
/// Operations do not throw. Shapes and values are checked when they enter the program, and if
/// libtorch refuses an operation nevertheless, the process ends with a message (`Engine.refuse`).
public struct Tensor: Sendable {
  /// The types of elements. The raw values are those of `ct_type` in the C interface.
  public enum ElementType: Int32, Sendable {
    case uint8, int64, float32, float64, bool, int32

    /// The size of one element in bytes.
    package var byteCount: Int {
      switch self {
      case .uint8, .bool: 1
      case .float32, .int32: 4
      case .int64, .float64: 8
      }
    }
  }

  /// Owns a handle of the C interface, and frees it.
  private final class Handle: @unchecked Sendable {
    let reference: OpaquePointer
    init(_ reference: OpaquePointer) { self.reference = reference }
    deinit { ct_free(reference) }
  }

  private let handle: Handle

  /// The handle of the C interface, valid as long as this tensor lives.
  var reference: OpaquePointer { handle.reference }

  /// Takes ownership of a handle that the C interface returned. Ends the process if it returned
  /// none.
  init(owning reference: OpaquePointer?) {
    guard let reference else { Engine.refuse() }
    handle = Handle(reference)
  }

  // MARK: Creation

  public init(_ values: [Float], shape: [Int]) {
    self.init(copying: values, shape: shape, type: .float32)
  }

  public init(_ values: [Double], shape: [Int]) {
    self.init(copying: values, shape: shape, type: .float64)
  }

  public init(_ values: [Int64], shape: [Int]) {
    self.init(copying: values, shape: shape, type: .int64)
  }

  public init(_ values: [UInt8], shape: [Int]) {
    self.init(copying: values, shape: shape, type: .uint8)
  }

  /// Labels as int64 `[N]`.
  public init(labels: [Int]) {
    self.init(labels.map(Int64.init), shape: [labels.count])
  }

  private init<Element>(copying values: [Element], shape: [Int], type: ElementType) {
    precondition(
      values.count == shape.reduce(1, *),
      "shape \(shape) needs \(shape.reduce(1, *)) values, found \(values.count)")
    self = values.withUnsafeBytes { Tensor(copying: $0, shape: shape, type: type) }
  }

  /// Copies elements of a type from raw memory, in row-major order.
  public init(copying bytes: UnsafeRawBufferPointer, shape: [Int], type: ElementType) {
    self.init(owning: ct_from(bytes.baseAddress, shape.sizes, Int32(shape.count), type.rawValue))
  }

  /// A tensor with undefined elements, to be written to `memory` in row-major order. The memory is
  /// valid as long as the tensor lives.
  package static func unset(_ shape: [Int], type: ElementType) -> (
    tensor: Tensor, memory: UnsafeMutableRawPointer
  ) {
    let tensor = Tensor(owning: ct_empty(shape.sizes, Int32(shape.count), type.rawValue))
    guard let memory = ct_data(tensor.reference) else {
      preconditionFailure("a tensor of shape \(shape) has no elements to write to")
    }
    return (tensor, memory)
  }

  public static func full(
    _ value: Double, shape: [Int], type: ElementType = .float32, device: Device = .cpu
  ) -> Tensor {
    Tensor(owning: ct_full(value, shape.sizes, Int32(shape.count), type.rawValue, device.index))
  }

  public static func zeros(_ shape: [Int], type: ElementType = .float32, device: Device = .cpu)
    -> Tensor
  {
    full(0, shape: shape, type: type, device: device)
  }

  public static func ones(_ shape: [Int], type: ElementType = .float32, device: Device = .cpu)
    -> Tensor
  {
    full(1, shape: shape, type: type, device: device)
  }

  /// 0, 1, …, `count` − 1 as int64.
  public static func range(_ count: Int, device: Device = .cpu) -> Tensor {
    Tensor(owning: ct_arange(Int64(count), device.index))
  }

  // MARK: Properties

  /// The number of dimensions.
  public var rank: Int { Int(ct_rank(reference)) }
  public var shape: [Int] { (0..<rank).map { Int(ct_size(reference, Int32($0))) } }
  /// How far apart in memory, counted in elements, neighbours along each dimension are.
  public var strides: [Int] { (0..<rank).map { Int(ct_stride(reference, Int32($0))) } }
  /// The number of elements.
  public var count: Int { shape.reduce(1, *) }
  public var device: Device { Device(index: ct_device(reference)) }

  public var type: ElementType {
    guard let type = ElementType(rawValue: ct_dtype(reference)) else { Engine.refuse() }
    return type
  }

  // MARK: Reading

  /// All elements in row-major order, converted to Float.
  public func floats() -> [Float] { elements(.float32, filler: Float(0)) }

  /// All elements in row-major order, converted to Int64.
  public func int64s() -> [Int64] { elements(.int64, filler: Int64(0)) }

  /// All elements in row-major order, converted to bytes.
  public func bytes() -> [UInt8] { elements(.uint8, filler: UInt8(0)) }

  /// The element of a tensor with one element.
  public var scalar: Double {
    precondition(count == 1, "expected a tensor with one element, found shape \(shape)")
    return elements(.float64, filler: 0.0)[0]
  }

  /// The truth value of a tensor with one element, such as the result of `all()`.
  public var isTrue: Bool { scalar != 0 }

  private func elements<Element>(_ type: ElementType, filler: Element) -> [Element] {
    let converted = to(type)
    var out = [Element](repeating: filler, count: count)
    let done = out.withUnsafeMutableBytes { raw in
      raw.count == 0 || ct_read(converted.reference, raw.baseAddress!, raw.count)
    }
    guard done else { Engine.refuse() }
    return out
  }

  /// The bytes of all elements in row-major order, without conversion.
  package func rawBytes() -> [UInt8] {
    var out = [UInt8](repeating: 0, count: count * type.byteCount)
    let done = out.withUnsafeMutableBytes {
      $0.count == 0 || ct_read(reference, $0.baseAddress!, $0.count)
    }
    guard done else { Engine.refuse() }
    return out
  }

  // MARK: Conversion

  public func to(_ type: ElementType) -> Tensor {
    type == self.type ? self : Tensor(owning: ct_to_type(reference, type.rawValue))
  }

  public func to(_ device: Device) -> Tensor {
    device == self.device ? self : Tensor(owning: ct_to_device(reference, device.index))
  }

  /// The same values in channels-last order in memory, where the channels of a pixel lie side by
  /// side. Convolutions and poolings are fastest in this order. Only images `[N, C, H, W]` change.
  public var channelsLast: Tensor { Tensor(owning: ct_contiguous(reference, true)) }

  /// The same values in row-major order in memory.
  public var contiguous: Tensor { Tensor(owning: ct_contiguous(reference, false)) }

  /// A copy with memory of its own, as a constant: gradients do not flow back through it.
  public func copy() -> Tensor { Tensor(owning: ct_clone(reference)) }

  /// Overwrites this tensor's elements in place. Only for tensors of a network or an optimizer.
  func assign(_ values: Tensor) {
    guard ct_assign(reference, values.reference) else { Engine.refuse() }
  }
}

extension [Int] {
  /// The sizes in the form that the C interface takes.
  var sizes: [Int64] { map(Int64.init) }
}
