import Attacks
import Foundation
import ModelCore
import Support

/// The file of a `TransferResult`. Grids are computed from such files, and a run that is continued
/// does not compute them again.
///
/// The tensors are `predictions` int64 `[budgets, victims, N]`, `clean` int64 `[victims, N]`,
/// `label` and `target` int64 `[N]`, and `size` float32 `[budgets, norms, N]`; for a sample of the
/// images also `index` int64 `[N]`, and for several judgements `judged` uint8 `[judgements,
/// budgets, victims, N]`. The metadata `crossfire` is JSON. Times are left out, so that the same
/// request gives the same bytes.
enum PredictionFile {
  /// The version of the format.
  static let format = 4

  private struct Header: Codable {
    var format = PredictionFile.format
    let request: String
    let attack: String
    let source: String
    let victims: [String]
    let epsilons: [Double]
    let examplesPerImage: Int
    let forwards: Int
    let backwards: Int
    let computed: [ComputationRecord]
  }

  static func write(_ result: TransferResult, request: String, to url: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let header = Header(
      request: request, attack: result.attack, source: result.source, victims: result.victims,
      epsilons: result.epsilons, examplesPerImage: result.examplesPerImage,
      forwards: result.cost.forwards,
      backwards: result.cost.backwards, computed: result.computed)
    let metadata = ["crossfire": String(decoding: try encoder.encode(header), as: UTF8.self)]
    let tensors = [
      ("predictions", result.predictions), ("clean", result.clean), ("label", result.labels),
      ("target", result.targets), ("size", result.sizes),
    ]
    let index = result.index.map { [("index", $0)] } ?? []
    let judged = result.judged.map { [("judged", $0)] } ?? []
    try SafetensorsFile.write(
      (tensors + index + judged).map { (name: $0.0, tensor: $0.1) }, metadata: metadata, to: url)
  }

  /// The stored result of a request; nil if there is no file, if it answers another request, or if
  /// it is damaged.
  static func read(_ url: URL, request: String) -> TransferResult? {
    guard let stored = try? read(url), stored.request == request else { return nil }
    return stored.result
  }

  /// The request that a file answers, of which only the header is read; nil if there is no such
  /// file.
  static func request(of url: URL) -> String? {
    guard let text = try? SafetensorsFile(url).metadata["crossfire"],
      let header = try? JSONDecoder().decode(Header.self, from: Data(text.utf8)),
      header.format == format
    else { return nil }
    return header.request
  }

  /// A stored result and the request that it answers.
  /// - Throws: `Failure` if the file is missing or damaged.
  static func read(_ url: URL) throws -> (result: TransferResult, request: String) {
    let file = try SafetensorsFile(url)
    guard let text = file.metadata["crossfire"],
      let header = try? JSONDecoder().decode(Header.self, from: Data(text.utf8)),
      header.format == format
    else { throw Failure.badData("\(url.path) is not a file of predictions") }
    let (predictions, clean) = (try file.tensor("predictions"), try file.tensor("clean"))
    let sizes = try file.tensor("size")
    let (labels, targets) = (try file.tensor("label"), try file.tensor("target"))
    guard labels.rank == 1, targets.shape == labels.shape,
      predictions.shape == [header.epsilons.count, header.victims.count, labels.count],
      clean.shape == [header.victims.count, labels.count],
      sizes.shape == [header.epsilons.count, Norm.allCases.count, labels.count],
      header.examplesPerImage >= 1, labels.count % header.examplesPerImage == 0
    else {
      throw Failure.badData(
        "\(url.path): the shapes of its predictions, labels and sizes do not fit each other")
    }
    let index = file.contains("index") ? try file.tensor("index") : nil
    guard index == nil || index?.shape == labels.shape else {
      throw Failure.badData("\(url.path): expected an index for each example")
    }
    let judged = file.contains("judged") ? try file.tensor("judged") : nil
    guard judged == nil || judged?.shape.dropFirst() == predictions.shape[...] else {
      throw Failure.badData(
        "\(url.path): expected each judgement of an example for each budget and victim")
    }
    let result = TransferResult(
      attack: header.attack, source: header.source, victims: header.victims,
      epsilons: header.epsilons,
      predictions: predictions, clean: clean, labels: labels, targets: targets, sizes: sizes,
      examplesPerImage: header.examplesPerImage,
      cost: AttackCost(forwards: header.forwards, backwards: header.backwards),
      computed: header.computed, index: index, judged: judged)
    return (result, header.request)
  }
}
