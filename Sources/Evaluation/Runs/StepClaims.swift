import Foundation
import Support

/// The claims of the processes that are doing steps in a run folder, in `.claims/`.
public struct StepClaims: Sendable {
  private let folder: URL

  /// - Parameter run: the run folder.
  public init(_ run: URL) { folder = run.appending(path: ".claims") }

  private func file(_ step: ExperimentStep) -> URL { folder.appending(path: step.name) }

  /// Claims a step for this process. An attack as a whole and its parts exclude each other.
  /// - Returns: nil if another process is doing the step.
  /// - Throws: `Failure.cannotWrite`.
  func take(_ step: ExperimentStep) throws -> Claim? {
    guard let claim = try Claim(file(step)) else { return nil }
    // Both sides claim first and look then, so at least one of them sees the other.
    return holder(ofRivalsOf: step) == nil ? claim : nil
  }

  /// Who is doing a step, or a part of it; nil if nobody is.
  public func holder(of step: ExperimentStep) -> Claim.Holder? {
    Claim.holder(of: file(step)) ?? holder(ofRivalsOf: step)
  }

  private func holder(ofRivalsOf step: ExperimentStep) -> Claim.Holder? {
    switch step {
    case .part(let attack, let source, _):
      Claim.holder(of: file(.attack(attack, source: source)))
    case .attack:
      names.filter { $0.hasPrefix(step.name + " part ") }.lazy.compactMap {
        Claim.holder(of: folder.appending(path: $0))
      }.first
    default: nil
    }
  }

  /// The steps that processes are doing now, by their names.
  public var live: [String: Claim.Holder] {
    let clock = FolderClock(folder)
    return names.reduce(into: [:]) { live, name in
      live[name] = Claim.holder(of: folder.appending(path: name), clock: clock)
    }
  }

  private var names: [String] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return all.filter { !$0.hasPrefix(".") }.sorted()
  }
}
