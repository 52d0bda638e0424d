import Foundation
import Support

/// The marks of finished steps in a run folder, from which `plan` and `status` tell what is done
/// without computing anything.
///
/// The mark of a step is a file in `.steps/` whose name holds the step's name and the beginning of
/// its key (`StepKeys`), so that a single listing of the folder shows the marks of all steps. A mark
/// is only a hint: a run itself decides by the digests of requests in the results.
public struct StepMarks: Sendable {
  private let folder: URL
  /// The names of the files in `.steps/`.
  private let names: Set<String>
  /// The marks of each step, by its name.
  private let others: [String: [String]]

  /// How long a step took, as its mark says.
  public struct Mark: Codable, Sendable {
    /// The seconds of the step; nil if its result was there already.
    public var seconds: Double?
  }

  /// Lists the marks of a run folder.
  public init(_ run: URL) {
    folder = run.appending(path: ".steps")
    names = Set((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
    others = Dictionary(grouping: names.filter { $0.hasSuffix(Self.suffix) }) {
      String($0.dropLast(Self.suffix.count + Self.keyLength + 1))
    }
  }

  /// Whether a step is marked as done with a key.
  public func contains(_ step: ExperimentStep, key: String) -> Bool {
    names.contains(Self.name(step, key))
  }

  /// What the mark of a step says; nil without a mark.
  public func mark(of step: ExperimentStep, key: String) -> Mark? {
    guard contains(step, key: key),
      let data = try? Data(contentsOf: folder.appending(path: Self.name(step, key)))
    else { return nil }
    return try? JSONDecoder().decode(Mark.self, from: data)
  }

  /// Marks a step as done, and removes its marks with other keys that were there when the marks were
  /// listed.
  public func add(_ step: ExperimentStep, key: String, _ mark: Mark) throws {
    let name = Self.name(step, key)
    try AtomicFile.write(try JSONEncoder().encode(mark), to: folder.appending(path: name))
    for other in others[step.name] ?? [] where other != name {
      try? FileManager.default.removeItem(at: folder.appending(path: other))
    }
  }

  /// Removes the marks of a step whose result is missing although it is marked as done.
  func remove(_ step: ExperimentStep) {
    for name in others[step.name] ?? [] {
      try? FileManager.default.removeItem(at: folder.appending(path: name))
    }
  }

  private static let suffix = ".done"
  /// 16 hexadecimal digits, 64 bits: two keys of one step do not agree by chance.
  private static let keyLength = 16

  private static func name(_ step: ExperimentStep, _ key: String) -> String {
    "\(step.name).\(key.prefix(keyLength))\(suffix)"
  }
}
