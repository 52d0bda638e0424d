import ModelCore
import Support

/// The set-up that computed a stored result: the device, the number of threads and the versions.
///
/// The same request computed by the same set-up gives the same bytes. Two set-ups may round
/// differently.
public struct ComputationRecord: Codable, Equatable, Hashable, Sendable {
  /// The device, as libtorch names it: `cpu`, `cuda:0`.
  public var device: String
  /// How many threads one operation used.
  public var threads: Int
  /// The version of Crossfire.
  public var crossfire: String
  /// The version of libtorch.
  public var libtorch: String

  public init(device: String, threads: Int, crossfire: String, libtorch: String) {
    self.device = device
    self.threads = threads
    self.crossfire = crossfire
    self.libtorch = libtorch
  }

  /// The set-up of this process, for results that it computes on `device`.
  public static func current(device: Device) -> ComputationRecord {
    ComputationRecord(
      device: device.description, threads: Engine.threads, crossfire: crossfireVersion,
      libtorch: Engine.version)
  }
}

extension TrainingRecord {
  /// The set-up that trained the model.
  var computation: ComputationRecord {
    ComputationRecord(device: device, threads: threads, crossfire: crossfire, libtorch: libtorch)
  }
}

/// The results of a run that one set-up computed.
public struct ComputedResults: Codable, Equatable, Sendable {
  public var by: ComputationRecord
  /// The names of the steps whose results it computed: `model normal`, `attack fgsm from normal`.
  public var results: [String]

  public init(by: ComputationRecord, results: [String]) {
    self.by = by
    self.results = results
  }
}
