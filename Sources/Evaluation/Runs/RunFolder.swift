import Foundation
import Support

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The folder of a run, and the places of the files in it.
///
/// Any number of processes, on any number of machines, may work in it at the same time. Each claims
/// the step that it does, and the files of results appear whole or not at all.
public struct RunFolder: Sendable {
  public let url: URL

  /// Opens or creates a run folder.
  /// - Throws: `Failure.cannotWrite` if the folder cannot be created.
  public init(_ url: URL) throws {
    self.url = url
    try createFolder(url)
  }

  /// A run folder that is only read. It may be missing.
  public init(looking url: URL) { self.url = url }

  /// Who is doing which step in the folder.
  public var claims: StepClaims { StepClaims(url) }

  /// Removes the incomplete files of processes that were killed.
  func sweep() { AtomicFile.sweep(url) }

  /// Makes a network file system show the present files of the results. Writing into a folder lets
  /// it ask the server for the folder's content.
  func refresh() {
    for part in ["models", "predictions", "examples", "probes", "explanations", "another"] {
      let place = url.appending(path: part)
      if isFolder(place) { try? AtomicFile.probe(place.appending(path: "present")) }
    }
  }

  /// Whether the folder has nothing but hidden files, such as claims.
  public var isEmpty: Bool {
    let files = try? FileManager.default.contentsOfDirectory(
      at: url, includingPropertiesForKeys: nil, options: .skipsHiddenFiles)
    return files?.isEmpty ?? true
  }

  public var experiment: URL { url.appending(path: "experiment.yaml") }
  /// The experiment that the folder holds, as this version writes it; nil if it holds none. Earlier
  /// versions wrote some names in camel case. A text that differs in more than this was written by
  /// somebody else, and stays as it is.
  public var storedExperiment: String? {
    guard let text = try? String(contentsOf: experiment, encoding: .utf8) else { return nil }
    let now = try? Experiment(experiment).resolved()
    return now?.hyphenated == text.hyphenated ? now : text
  }
  public var report: URL { url.appending(path: "report") }
  public var images: URL { url.appending(path: "images") }
  public var study: URL { url.appending(path: "study") }
  public func model(_ name: String) -> URL { Self.model(name, in: url) }

  /// The file of a model in a run folder.
  public static func model(_ name: String, in url: URL) -> URL {
    url.appending(path: "models/\(name).safetensors")
  }

  public func examples(attack: String, source: String) -> URL {
    url.appending(path: "examples/\(attack).\(source).safetensors")
  }

  public func predictions(attack: String, source: String) -> URL {
    url.appending(path: "predictions/\(attack).\(source).safetensors")
  }

  public func probe(_ model: String) -> URL { Self.probe(model, in: url) }
  static func probe(_ model: String, in url: URL) -> URL {
    url.appending(path: "probes/\(model).json")
  }
  func another(_ model: String) -> URL { Self.another(model, in: url) }
  static func another(_ model: String, in url: URL) -> URL {
    url.appending(path: "another/\(model).json")
  }
  var autoencoder: URL { url.appending(path: "another/autoencoder.safetensors") }
  static func codes(in url: URL) -> URL { url.appending(path: "another/codes.safetensors") }
  static func disagreements(in url: URL) -> URL {
    url.appending(path: "another/disagreements.safetensors")
  }
  func explanations(_ model: String) -> URL { Self.explanations(model, in: url) }
  static func explanations(_ model: String, in url: URL) -> URL {
    url.appending(path: "explanations/\(model).safetensors")
  }
  func certificates(_ name: String, _ model: String) -> URL {
    url.appending(path: "certificates/\(name).\(model).json")
  }
  func reliance(_ model: String) -> URL { url.appending(path: "reliance/\(model).json") }
  static func gradients(_ model: String, in url: URL) -> URL {
    url.appending(path: "probes/\(model).safetensors")
  }
  static func decisions(_ model: String, in url: URL) -> URL {
    url.appending(path: "decisions/\(model).json")
  }

  /// The files of adversarial examples in a run folder, in the order of their names.
  public static func exampleSets(in url: URL) -> [URL] {
    let folder = url.appending(path: "examples")
    let files =
      (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil))
      ?? []
    return files.filter { $0.pathExtension == "safetensors" }.sorted {
      $0.lastPathComponent < $1.lastPathComponent
    }
  }

  /// Removes the journals that unfinished attacks of earlier requests left.
  func removeJournals() {
    let folder = url.appending(path: "predictions")
    let files =
      (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil))
      ?? []
    for file in files where file.pathExtension == BatchJournal.suffix {
      try? FileManager.default.removeItem(at: file)
    }
  }

  /// Appends a line to `log.jsonl`: which step was run, when, and how long it took. No result is
  /// computed from the log.
  /// - Parameters:
  ///   - attack: the seconds of an attack alone, without those of the victims; nil for other steps.
  ///   - reused: whether the folder had the result already.
  public func log(_ step: String, seconds: Double, attack: Double? = nil, reused: Bool) {
    let time = ISO8601DateFormatter().string(from: Date())
    let attacked = attack.map { "\"attackSeconds\":\(String(format: "%.3f", $0))," } ?? ""
    let line =
      "{\(attacked)\"reused\":\(reused),\"seconds\":\(String(format: "%.3f", seconds)),"
      + "\"step\":\"\(step)\",\"time\":\"\(time)\"}\n"
    let descriptor = open(
      url.appending(path: "log.jsonl").path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { return }
    let bytes = Array(line.utf8)
    _ = write(descriptor, bytes, bytes.count)
    close(descriptor)
  }
}
