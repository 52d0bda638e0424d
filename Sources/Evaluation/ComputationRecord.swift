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

  /// The set-up in words: "crossfire 1.0.0, libtorch 2.13.0, cpu, 2 threads".
  public var words: String {
    "crossfire \(crossfire), libtorch \(libtorch), \(place)"
  }

  /// The device and the number of threads in words: "cpu, 2 threads".
  public var place: String { "\(device), \(threads) thread\(threads == 1 ? "" : "s")" }

  /// The set-up of this process, for results that it computes on `device`.
  public static func current(device: Device) -> ComputationRecord {
    ComputationRecord(
      device: device.description, threads: Engine.threads, crossfire: crossfireVersion,
      libtorch: Engine.version)
  }
}

extension TrainingRecord {
  /// The set-up that trained the model.
  public var computation: ComputationRecord {
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

extension [ComputedResults] {
  /// The set-ups, each once, in the order in which they are first named.
  public var setUps: [ComputationRecord] {
    reduce(into: []) { setUps, part in if !setUps.contains(part.by) { setUps.append(part.by) } }
  }

  /// How many results a set-up computed. A result that one set-up began and another finished counts
  /// for both.
  public func count(by setUp: ComputationRecord) -> Int {
    filter { $0.by == setUp }.reduce(0) { $0 + $1.results.count }
  }

  /// The set-up that computed the most results, and of several the first; nil if there is none.
  var main: ComputationRecord? { setUps.max { count(by: $0) < count(by: $1) } }
}
