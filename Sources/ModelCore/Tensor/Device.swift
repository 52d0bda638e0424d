import CTorch
import Support

/// Where the elements of a tensor are stored, and where operations on it are computed.
public enum Device: Equatable, Hashable, Sendable, CustomStringConvertible {
  /// The processor.
  case cpu
  /// The CUDA device (GPU) with a number, counted from 0.
  case cuda(Int)

  /// Reads `cpu`, `cuda` (the first GPU), `cuda:1`, or `auto` (the first GPU if libtorch finds one,
  /// else the processor).
  /// - Throws: `Failure.usage` for another name, or for a GPU if libtorch finds none.
  public init(named name: String) throws {
    let available = ct_cuda_available()
    switch name {
    case "cpu": self = .cpu
    case "auto": self = available ? .cuda(0) : .cpu
    default:
      let parts = name.split(separator: ":", omittingEmptySubsequences: false)
      let index = parts.count == 1 ? 0 : Int(parts[1])
      guard parts.count <= 2, parts[0] == "cuda", let index, index >= 0 else {
        throw Failure.usage(
          "unknown device '\(name)'", hint: hint(for: name, among: ["auto", "cpu", "cuda"]))
      }
      guard available else {
        throw Failure.usage(
          "--device \(name): this libtorch (\(Engine.version)) finds no CUDA device",
          hint: "use --device cpu or auto")
      }
      self = .cuda(index)
    }
  }

  init(index: Int32) {
    self = index < 0 ? .cpu : .cuda(Int(index))
  }

  /// The number of the device in the C interface: -1 for the processor.
  var index: Int32 {
    switch self {
    case .cpu: -1
    case .cuda(let number): Int32(number)
    }
  }

  /// `cpu` or `cuda`: what results may depend on. Devices of one kind round alike.
  public var kind: String {
    switch self {
    case .cpu: "cpu"
    case .cuda: "cuda"
    }
  }

  public var description: String {
    switch self {
    case .cpu: "cpu"
    case .cuda(let number): "cuda:\(number)"
    }
  }
}
