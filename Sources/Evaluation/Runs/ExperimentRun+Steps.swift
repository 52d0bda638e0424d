import Foundation
import Support

extension ExperimentRun {
  /// Does a step, unless its result is in the folder, and logs and marks it.
  /// - Parameters:
  ///   - stored: reads the result of the step; nil if the folder does not have it.
  ///   - body: computes the result and writes it.
  /// - Returns: nil if the result is not there, because the step is not selected, because another
  ///   process is doing it, or because it has failed and other selected steps should still be done.
  ///   This is noted in `open`.
  /// - Throws: what the closures throw, and `Failure` if a signal has asked the process to stop.
  func step<Result>(
    _ step: ExperimentStep, stored: () throws -> Result?, _ body: () throws -> Result?
  ) throws -> Result? {
    func reused() throws -> Result? {
      guard let result = try stored() else { return nil }
      try open.reuse(step, isSelected: isSelected(step))
      return result
    }
    if let result = try reused() { return result }
    try Interruption.stopIfRequested()
    guard isSelected(step) else {
      if folder.claims.holder(of: step) == nil { open.miss(step) } else { open.take(step) }
      return nil
    }
    guard let claim = try folder.claims.take(step) else {
      open.take(step)
      return nil
    }
    defer { withExtendedLifetime(claim) {} }
    // Another process may have finished the step between the look at its result and the claim.
    if open.isShared { folder.refresh() }
    if let result = try reused() { return result }
    let started = ContinuousClock.now
    let result: Result?
    do { result = try body() } catch let failure as Failure where mayGoOn(after: failure) {
      progress.note("the step '\(step.name)' has failed: \(failure.message)")
      open.fail(step, failure)
      return nil
    }
    let seconds = (ContinuousClock.now - started).seconds
    let attack = (result as? TransferResult)?.cost.seconds
    folder.log(step.name, seconds: seconds, attack: attack, reused: false)
    try open.mark(step, seconds: seconds)
    return result
  }

  /// Whether the other selected steps are still done after one has failed. A run of all steps ends
  /// with the first failure, since its report needs all of them.
  private func mayGoOn(after failure: Failure) -> Bool {
    selection != nil && failure.kind != .unfinished && failure.kind != .cannotWrite
  }

  func isSelected(_ step: ExperimentStep) -> Bool { selection?.contains(step) ?? true }

  /// Whether a step is selected, or is needed because the report is selected.
  func isWanted(_ step: ExperimentStep) -> Bool { isSelected(step) || isSelected(.report) }

  /// The selected parts of each attack, in order.
  var selectedParts: [ExperimentStep: [AttackPart]] {
    var parts: [ExperimentStep: [AttackPart]] = [:]
    for case .part(let attack, let source, let part) in selection ?? [] {
      parts[.attack(attack, source: source), default: []].append(part)
    }
    return parts.mapValues { $0.sorted { ($0.count, $0.number) < ($1.count, $1.number) } }
  }

  /// Writes the report while no other process writes it.
  /// - Parameters:
  ///   - body: writes it.
  ///   - otherwise: reads what another process has written for the same experiment while this one
  ///     waited for it.
  /// - Throws: what the closures throw, and `Failure` with the status 75 if another process is
  ///   writing it and this one does not wait.
  public func report<Result>(
    _ body: () throws -> Result, otherwise: () throws -> Result
  ) throws -> Result {
    var hasWaited = false
    while true {
      if let claim = try folder.claims.take(.report) {
        defer { withExtendedLifetime(claim) {} }
        if hasWaited, open.isAnyMarked([.report]) { return try otherwise() }
        let started = ContinuousClock.now
        let result = try body()
        try open.mark(.report, seconds: (ContinuousClock.now - started).seconds)
        return result
      }
      open.begin()
      open.take(.report)
      try settle()
      hasWaited = true
    }
  }
}
