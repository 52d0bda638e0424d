import Foundation
import Support

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The folder of one run: where each artifact has its place. One run at a time, or several
/// processes that do single steps.
public final class RunFolder {
  public let url: URL
  private let lock: FileLock?

  /// Opens or creates a run folder, and removes what killed runs left half written.
  /// - Parameter shared: other processes may do steps in it at the same time; what they are writing
  ///   is left alone.
  /// - Throws: `Failure.cannotWrite` if the folder cannot be written, or another run is at work in
  ///   it.
  public init(_ url: URL, shared: Bool = false) throws {
    self.url = url
    guard let lock = try FileLock(url.appending(path: ".lock"), shared: shared) else {
      throw Failure.cannotWrite(
        "another crossfire is at work in \(url.path)",
        hint: "wait for it, or choose another folder with --out")
    }
    self.lock = lock
    if !shared { AtomicFile.sweep(url) }
  }

  /// A run folder to look into, whoever is at work in it; it need not be there.
  init(looking url: URL) {
    self.url = url
    lock = nil
  }

  /// Takes a step for this process alone.
  /// - Throws: `Failure` if another process is at it.
  func claim(_ step: String) throws -> FileLock {
    guard let claim = try FileLock(url.appending(path: ".steps/\(step).lock")) else {
      throw Failure(
        .failed, "another process is at the step '\(step)' in \(url.path)", hint: "wait for it")
    }
    return claim
  }

  public var experiment: URL { url.appending(path: "experiment.yaml") }
  public var report: URL { url.appending(path: "report") }
  public var images: URL { url.appending(path: "images") }
  public var study: URL { url.appending(path: "study") }
  public func model(_ name: String) -> URL { Self.model(name, in: url) }

  /// The place of a model in a run's folder.
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
  static func gradients(_ model: String, in url: URL) -> URL {
    url.appending(path: "probes/\(model).safetensors")
  }

  /// The example sets that are there, in the order of their names.
  public static func exampleSets(in url: URL) -> [URL] {
    let folder = url.appending(path: "examples")
    let files =
      (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil))
      ?? []
    return files.filter { $0.pathExtension == "safetensors" }.sorted {
      $0.lastPathComponent < $1.lastPathComponent
    }
  }

  /// Removes what unfinished attacks of earlier requests left.
  func removeJournals() {
    let folder = url.appending(path: "predictions")
    let files =
      (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil))
      ?? []
    for file in files where file.pathExtension == BatchJournal.suffix {
      try? FileManager.default.removeItem(at: file)
    }
  }

  /// Adds a line to `log.jsonl`: what was done, when, and how long it took. The log tells; nothing
  /// is computed from it.
  /// - Parameter attack: seconds of them that an attack took, without showing its examples to
  ///   victims.
  public func log(_ step: String, seconds: Double, attack: Double? = nil, reused: Bool) {
    let time = ISO8601DateFormatter().string(from: Date())
    let attacked = attack.map { "\"attackSeconds\":\(String(format: "%.3f", $0))," } ?? ""
    let line =
      "{\(attacked)\"reused\":\(reused),\"seconds\":\(String(format: "%.3f", seconds)),\"step\":\"\(step)\","
      + "\"time\":\"\(time)\"}\n"
    let descriptor = open(
      url.appending(path: "log.jsonl").path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { return }
    let bytes = Array(line.utf8)
    _ = write(descriptor, bytes, bytes.count)
    close(descriptor)
  }
}
