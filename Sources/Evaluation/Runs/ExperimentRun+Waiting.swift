import Foundation
import Support

extension ExperimentRun {
  /// The longest time for which missing results are waited for while nobody is at work: network file
  /// systems may show new files up to a minute late, and other processes may be about to begin.
  private static let lateness = Duration.seconds(70)

  /// Decides what follows after a pass that left steps open. It returns when another pass may get
  /// further: at once if other processes have finished steps meanwhile, or after having waited for
  /// them.
  /// - Throws: the failure of a step; `Failure` with the status 75 if other processes are doing what is
  ///   left and this one does not wait; `Failure` if steps are missing that nobody is doing.
  func settle() throws {
    try Interruption.stopIfRequested()
    if let first = open.failed.first {
      guard open.failed.count > 1 else { throw first.failure }
      throw Failure(
        first.failure.kind,
        "\(open.failed.count) steps have failed, the first of them '\(first.step.name)': "
          + first.failure.message, hint: first.failure.hint)
    }
    let claims = folder.claims
    if open.missing.isEmpty, open.taken.contains(where: { claims.holder(of: $0) == nil }) {
      // Two processes that have given way to each other should not meet again at once.
      return Thread.sleep(forTimeInterval: .random(in: 0.05...0.3))
    }
    let others = claims.live
    if open.missing.isEmpty || !others.isEmpty {
      guard waits else { throw unfinished(others) }
      open.waitedSince = nil
      return wait(others)
    }
    guard mayCome else {
      let failure = notDone
      open.removeMarksOfMissing()
      throw failure
    }
    folder.refresh()
    Thread.sleep(forTimeInterval: 1)
  }

  /// Waits until a step that this process needs is free or done, or until another process has begun
  /// or ended any step.
  private func wait(_ others: [String: Claim.Holder]) {
    let (claims, began) = (folder.claims, Set(others.keys))
    if let other = others.min(by: { $0.key < $1.key }) {
      let more = others.count > 1 ? ", and \(others.count - 1) more" : ""
      progress.note("waiting for '\(other.key)', which \(other.value.description) does\(more)")
    }
    var pause = 0.1
    while !Interruption.isStopRequested {
      Thread.sleep(forTimeInterval: pause)
      pause = min(2, pause * 1.5)
      if open.missing.isEmpty {
        if open.taken.contains(where: { claims.holder(of: $0) == nil }) { return }
      } else if Set(claims.live.keys) != began {
        return
      }
    }
  }

  /// Whether missing results may still come although nobody is at work: this process waits for
  /// others, the steps are marked as done, or the folder is on a network file system. After a minute
  /// they are not expected any more.
  private var mayCome: Bool {
    guard waits || open.isShared || open.isAnyMarked(open.missing) else { return false }
    let since = open.waitedSince ?? .now
    if open.waitedSince == nil {
      progress.note("waiting for \(Self.list(open.missing)), for a minute at most")
    }
    open.waitedSince = since
    return since.duration(to: .now) < Self.lateness
  }

  private func unfinished(_ others: [String: Claim.Holder]) -> Failure {
    let left = Self.list(open.taken + open.missing)
    let who = Set(others.values.map(\.description)).sorted()
    return Failure(
      .unfinished,
      "nothing is left to do here: other processes are at work on the rest (\(left)): "
        + who.prefix(3).joined(separator: ", ") + (who.count > 3 ? ", …" : ""),
      hint: "add --wait to wait for them")
  }

  private var notDone: Failure {
    let missing = Set(open.missing).count
    let list = Self.list(open.missing)
    return Failure(
      .failed,
      missing == 1
        ? "the step \(list) has not been done, and selected steps need it"
        : "\(missing) steps have not been done, and selected steps need them: \(list)",
      hint: "run \(missing == 1 ? "it" : "them") first, or add \(missing == 1 ? "it" : "them") to "
        + "--steps")
  }

  /// The names of steps, of which at most ten are listed.
  private static func list(_ steps: [ExperimentStep]) -> String {
    var seen: Set<ExperimentStep> = []
    let names = steps.filter { seen.insert($0).inserted }.map { "'\($0.name)'" }
    return names.prefix(10).joined(separator: ", ")
      + (names.count > 10 ? " and \(names.count - 10) more" : "")
  }
}
