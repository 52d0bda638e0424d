import Attacks
import Foundation
import ModelCore
import Support

/// The result of an attack on one batch of n examples.
struct BatchOutcome {
  /// The class that each victim predicts for each example, int64 `[budgets, victims, n]`.
  let predictions: Tensor
  /// The class that each victim predicts for the unchanged image, int64 `[victims, n]`.
  let clean: Tensor
  /// Whether each victim is right about each example in each judgement, uint8
  /// `[judgements, budgets, victims, n]`; nil if there is one judgement.
  var judged: Tensor?
  /// The target class of each example, int64 `[n]`; −1 for an untargeted attack.
  let targets: Tensor
  /// The size of each perturbation in each norm, float32 `[budgets, norms, n]`.
  let sizes: Tensor
  let cost: AttackCost
  /// The set-up that computed it.
  let computed: ComputationRecord
  /// The adversarial images of the first m examples for each budget, float32 `[m, C, H, W]` or
  /// `[m, D]`; empty if none are kept.
  let kept: [Tensor]
}

/// The finished batches of an attack that is still running, as a folder with one file for each.
///
/// An attack that is interrupted continues from its journal and loses at most one batch.
public struct BatchJournal: Sendable {
  private let folder: URL
  /// The digest of everything that the batches depend on. Batches of another request are ignored.
  private let request: String

  /// The journal of an attack that will write its result to a file.
  public init(for result: URL, request: String) {
    folder = result.deletingLastPathComponent().appending(
      path: "\(result.lastPathComponent).\(Self.suffix)")
    self.request = request
  }

  static let suffix = "batches"

  private struct Header: Codable {
    let request: String
    let cost: AttackCost
    let computed: ComputationRecord
    let budgetsKept: Int
  }

  private func file(_ range: Range<Int>) -> URL {
    folder.appending(path: "\(range.lowerBound)-\(range.upperBound).safetensors")
  }

  func write(_ outcome: BatchOutcome, _ range: Range<Int>) throws {
    let header = Header(
      request: request, cost: outcome.cost, computed: outcome.computed,
      budgetsKept: outcome.kept.count)
    let metadata = ["batch": String(decoding: try JSONEncoder().encode(header), as: UTF8.self)]
    let kept = outcome.kept.enumerated().map { (name: "kept.\($0.offset)", tensor: $0.element) }
    let tensors = [
      (name: "predictions", tensor: outcome.predictions), ("clean", outcome.clean),
      ("targets", outcome.targets),
      ("sizes", outcome.sizes),
    ]
    let judged = outcome.judged.map { [(name: "judged", tensor: $0)] } ?? []
    try SafetensorsFile.write(tensors + judged + kept, metadata: metadata, to: file(range))
  }

  /// The outcome of a batch that was finished before; nil if there is none, if it belongs to
  /// another request, or if its file is damaged.
  func read(_ range: Range<Int>) -> BatchOutcome? {
    guard FileManager.default.fileExists(atPath: file(range).path),
      let file = try? SafetensorsFile(file(range)),
      let text = file.metadata["batch"],
      let header = try? JSONDecoder().decode(Header.self, from: Data(text.utf8)),
      header.request == request,
      let predictions = try? file.tensor("predictions"), let clean = try? file.tensor("clean"),
      let targets = try? file.tensor("targets"), let sizes = try? file.tensor("sizes"),
      predictions.rank == 3,
      predictions.shape[2] == range.count,
      clean.shape == [predictions.shape[1], range.count], targets.shape == [range.count],
      sizes.shape == [predictions.shape[0], Norm.allCases.count, range.count],
      let kept = try? (0..<max(0, header.budgetsKept)).map({ try file.tensor("kept.\($0)") })
    else { return nil }
    let judged = file.contains("judged") ? try? file.tensor("judged") : nil
    guard judged == nil || judged?.shape.dropFirst() == predictions.shape[...] else { return nil }
    return BatchOutcome(
      predictions: predictions, clean: clean, judged: judged, targets: targets, sizes: sizes,
      cost: header.cost,
      computed: header.computed,
      kept: kept)
  }

  /// Removes all batches. Call it after the result has been written.
  public func remove() {
    try? FileManager.default.removeItem(at: folder)
  }
}
