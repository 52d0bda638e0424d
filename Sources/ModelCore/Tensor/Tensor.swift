import CTorch

/// An n-dimensional array of numbers of one type, on one device, that libtorch computes with.
///
/// A value: operations make new tensors. Only `assign` and the optimizers change one in place, and
/// only parameters. Algebra on shapes that were checked where they came in does not throw; see
/// `Engine`.
public struct Tensor: Sendable {
  /// The element types that are needed here.
  public enum ElementType: Int32, Sendable {
    case uint8, int64, float32, float64, bool, int32

    /// Bytes of one element.
    package var byteCount: Int {
      switch self {
      case .uint8, .bool: 1
      case .float32, .int32: 4
      case .int64, .float64: 8
      }
    }
  }

  /// The one owner of a C handle.
  private final class Handle: @unchecked Sendable {
    let reference: OpaquePointer
    init(_ reference: OpaquePointer) { self.reference = reference }
    deinit { ct_free(reference) }
  }

  private let handle: Handle

  /// The C handle, valid as long as this tensor.
  var reference: OpaquePointer { handle.reference }

  /// Takes ownership of a handle that the C interface made; ends the process if there is none.
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

  /// Labels: int64 `[N]`.
  public init(labels: [Int]) {
    self.init(labels.map(Int64.init), shape: [labels.count])
  }

  private init<Element>(copying values: [Element], shape: [Int], type: ElementType) {
    precondition(values.count == shape.reduce(1, *), "\(values.count) values do not fill \(shape)")
    self = values.withUnsafeBytes { Tensor(copying: $0, shape: shape, type: type) }
  }

  /// Copies raw row-major elements of the given type.
  public init(copying bytes: UnsafeRawBufferPointer, shape: [Int], type: ElementType) {
    self.init(owning: ct_from(bytes.baseAddress, shape.sizes, Int32(shape.count), type.rawValue))
  }

  /// A tensor whose elements are yet to be set, row-major at `memory`, which lives as long as the
  /// tensor.
  package static func unset(_ shape: [Int], type: ElementType) -> (
    tensor: Tensor, memory: UnsafeMutableRawPointer
  ) {
    let tensor = Tensor(owning: ct_empty(shape.sizes, Int32(shape.count), type.rawValue))
    guard let memory = ct_data(tensor.reference) else {
      preconditionFailure("no elements in \(shape)")
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

  /// 0, 1, … `count` - 1 as int64.
  public static func range(_ count: Int, device: Device = .cpu) -> Tensor {
    Tensor(owning: ct_arange(Int64(count), device.index))
  }

  // MARK: Properties

  public var rank: Int { Int(ct_rank(reference)) }
  public var shape: [Int] { (0..<rank).map { Int(ct_size(reference, Int32($0))) } }
  public var strides: [Int] { (0..<rank).map { Int(ct_stride(reference, Int32($0))) } }
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

  /// The single element of a tensor that has one.
  public var scalar: Double {
    precondition(count == 1, "a scalar was expected, the shape is \(shape)")
    return elements(.float64, filler: 0.0)[0]
  }

  /// Whether the single truth value of a reduction holds.
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

  /// The elements as they are stored, row-major, without conversion.
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

  /// The same values with the channels of each pixel side by side in memory, which convolutions
  /// prefer.
  public var channelsLast: Tensor { Tensor(owning: ct_contiguous(reference, true)) }

  /// The same values in row-major order in memory.
  public var contiguous: Tensor { Tensor(owning: ct_contiguous(reference, false)) }

  /// A copy that shares no memory and no history.
  public func copy() -> Tensor { Tensor(owning: ct_clone(reference)) }

  /// Overwrites this tensor's elements in place; for parameters only.
  func assign(_ values: Tensor) {
    guard ct_assign(reference, values.reference) else { Engine.refuse() }
  }
}

extension [Int] {
  /// The sizes as the C interface takes them.
  var sizes: [Int64] { map(Int64.init) }
}
