import Foundation
import ModelCore

/// Models, with the outputs that independent implementations compute for them. They may be missing.
///
/// They are searched for in the folder that `CROSSFIRE_PARITY` names, then beside the repository.
public enum Reference {
  public static let skipMessage: String =
    "skipped: reference outputs were not found; set CROSSFIRE_PARITY to the folder that has them"

  public static let folder: URL? = {
    let beside = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "shared/parity")
    let named = ProcessInfo.processInfo.environment["CROSSFIRE_PARITY"].map { URL(filePath: $0) }
    return [named, beside].compactMap { $0 }.first {
      FileManager.default.fileExists(atPath: $0.appending(path: "smallbn.safetensors").path)
    }
  }()

  public static var isPresent: Bool { folder != nil }

  public static func file(_ name: String) -> URL {
    folder!.appending(path: name)
  }

  public static func network(_ name: String) throws -> Network {
    try ModelFile(file("\(name).safetensors")).network
  }
}

/// The largest difference between two tensors, divided by the largest magnitude in the second.
public func relativeError(_ found: Tensor, _ expected: Tensor) -> Double {
  let scale = expected.to(.float64).absolute.max().scalar
  let distance = (found.to(.float64) - expected.to(.float64)).absolute.max().scalar
  return scale == 0 ? distance : distance / scale
}

/// The fraction of the elements of two tensors that differ by at most 1e-5.
public func agreement(_ found: Tensor, _ expected: Tensor) -> Double {
  (found - expected).absolute.isAtMost(1e-5).to(.float32).mean().scalar
}
