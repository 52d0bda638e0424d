import Attacks
import Datasets
import Evaluation
import Foundation
import ModelCore
import Support

/// Adversarial examples as a folder of pictures:
/// `images/<source>/<attack>-<epsilon>/<index>_<label>_<predicted>.png`,
/// `originals/<index>_<label>.png`, `sheets/<source>/<attack>-<epsilon>.png` with the first hundred
/// on a page, and `manifest.csv` with one row per adversarial picture; `jpeg.csv` if it is asked
/// what JPEG leaves of them.
///
/// Pictures have 8 bits a channel. Rounding keeps the budget (`Quantization`), and what rounding
/// costs is measured: each picture is shown to its source again as it is stored.
public struct ImageSet {
  /// How many pictures were written, and how many of those that fooled their source as computed do
  /// as stored.
  public struct Outcome: Equatable, Sendable {
    public var pictures = 0
    public var fooling = 0
    public var foolingAsStored = 0
    /// The same for each attack and source whose examples were shown to it again.
    public var losses: [PictureLoss] = []
  }

  public let folder: URL
  /// Each pixel as a block of this side: for people to look at.
  public let scale: Int
  /// What JPEG leaves of the pictures.
  public private(set) var jpeg: JPEGChannel
  private var manifest = CSV(header: Self.columns)
  private var outcome = Outcome()
  private var writtenOriginals: Set<String> = []

  static let columns =
    "file,sha256,data,index,label,target,source,attack,epsilon,predicted,predicted_after_export,confidence,"
    + "linf,l2,l0,linf_after_export,l2_after_export,l0_after_export"

  /// - Parameter jpegQualities: at which qualities to try what JPEG leaves of the pictures.
  /// - Throws: `Failure.usage` for a quality that does not exist.
  public init(_ folder: URL, scale: Int = 1, jpegQualities: [Int] = []) throws {
    self.folder = folder
    self.scale = scale
    jpeg = try JPEGChannel(qualities: jpegQualities)
  }

  /// Writes one example set's pictures.
  /// - Parameters:
  ///   - source: the model they were made on, to be asked again; nil leaves
  ///     `predicted_after_export` empty.
  ///   - done: told after each picture.
  public mutating func add(_ set: ExampleSet, source: (any Classifier)?, done: () -> Void = {})
    throws
  {
    let before = outcome
    guard let norm = Norm(rawValue: set.origin.norm) else {
      throw Failure.badData(
        "unknown norm '\(set.origin.norm)'",
        hint: hint(for: set.origin.norm, among: Norm.allCases.map(\.rawValue)))
    }
    // An attack towards several targets makes several examples of an image, and two may be
    // predicted as the same.
    let namesTargets = Set(set.index.int64s()).count < set.count
    for (budget, epsilon) in set.origin.epsilons.enumerated() {
      var shelf = Shelf(
        path: "\(set.origin.source)/\(set.origin.attack)-\(epsilon.plainDecimal)", budget: budget,
        epsilon: epsilon,
        norm: norm, namesTargets: namesTargets)
      // So many at a time that memory does not grow with the set.
      for range in Evaluator().batches(set.count) {
        try add(set.subset(range), to: &shelf, source: source, done: done)
      }
      if !shelf.sheet.isEmpty { _ = try write(shelf.sheet.drawn(), to: "sheets/\(shelf.path).png") }
    }
    if source != nil {
      outcome.losses.append(
        PictureLoss(
          attack: set.origin.attack, source: set.origin.source,
          fooling: outcome.fooling - before.fooling,
          foolingAsStored: outcome.foolingAsStored - before.foolingAsStored))
    }
  }

  /// Where the pictures of one set within one budget go.
  private struct Shelf {
    let path: String
    /// Its place among the set's budgets, and what it is.
    let budget: Int
    let epsilon: Double
    let norm: Norm
    /// Whether files are told apart by their targets too.
    let namesTargets: Bool
    var sheet = ContactSheet()
  }

  /// Writes the pictures of a part of a set within one budget.
  private mutating func add(
    _ set: ExampleSet, to shelf: inout Shelf, source: (any Classifier)?, done: () -> Void
  ) throws {
    let (range, epsilon) = (set.origin.valueRange, shelf.epsilon)
    let adversarial = set.adversarial[shelf.budget]
    let originals = Quantization.bytes(set.original, range: range)
    let stored = Quantization.bytes(
      adversarial, keeping: epsilon, in: shelf.norm, of: set.original, range: range)
    let pixels = Quantization.pixels(stored, range: range)
    let exact = sizes(adversarial - set.original)
    let after = sizes(pixels - Quantization.pixels(originals, range: range))
    let judged = source.map { $0.predictions(pixels.to($0.device)).int64s() }
    let foolsAsStored = judged.map(set.fools)
    if let source, let foolsAsStored, [1, 3].contains(pixels.shape[1]) {
      jpeg.add(pixels, of: set, epsilon: epsilon, source: source, fooling: foolsAsStored)
    }
    let predicted = set.predicted.select(0, shelf.budget).int64s()
    let confidence = set.confidence.select(0, shelf.budget).floats()
    let fooled = set.fooled(budget: shelf.budget)
    let (labels, targets, indices) = (set.label.int64s(), set.target.int64s(), set.index.int64s())
    for i in 0..<set.count {
      let aim = shelf.namesTargets ? "_towards\(targets[i])" : ""
      let path = "images/\(shelf.path)/\(indices[i])_\(labels[i])_\(predicted[i])\(aim).png"
      let picture = Self.picture(stored.select(0, i)).enlarged(scale)
      shelf.sheet.add(picture)
      let digest = try write(picture, to: path)
      try writeOriginal(originals.select(0, i), "originals/\(indices[i])_\(labels[i]).png")
      manifest.append(
        [
          path, digest, set.origin.data, "\(indices[i])", "\(labels[i])",
          targets[i] < 0 ? "" : "\(targets[i])",
        ]
          + [
            set.origin.source, set.origin.attack, epsilon.plainDecimal, "\(predicted[i])",
            judged.map { "\($0[i])" } ?? "",
          ]
          + [Double(confidence[i]).roundedToMillionths.plainDecimal] + exact.map { $0[i] }
          + after.map { $0[i] })
      count(fooled[i], foolsAsStored?[i] ?? false)
      done()
    }
  }

  /// Writes the manifest, last of all.
  public func finish() throws -> Outcome {
    if !jpeg.lines.isEmpty {
      try AtomicFile.write(jpeg.csv(), to: folder.appending(path: "jpeg.csv"))
    }
    try AtomicFile.write(manifest.text, to: folder.appending(path: "manifest.csv"))
    return outcome
  }

  private mutating func count(_ fooled: Bool, _ foolsAsStored: Bool) {
    outcome.pictures += 1
    guard fooled else { return }
    outcome.fooling += 1
    if foolsAsStored { outcome.foolingAsStored += 1 }
  }

  /// ℓ∞, ℓ2 and ℓ0 of each perturbation, as text.
  private func sizes(_ perturbations: Tensor) -> [[String]] {
    [Norm.linf, .l2, .l0].map { norm in
      norm.size(perturbations).floats().map { Double($0).roundedToMillionths.plainDecimal }
    }
  }

  private mutating func writeOriginal(_ bytes: Tensor, _ path: String) throws {
    if writtenOriginals.insert(path).inserted {
      _ = try write(Self.picture(bytes).enlarged(scale), to: path)
    }
  }

  /// Bytes `[C, H, W]` as a picture.
  static func picture(_ bytes: Tensor) -> Picture {
    let sizes = bytes.shape
    return Picture(
      shape: InputShape(channels: sizes[0], height: sizes[1], width: sizes[2]),
      pixels: bytes.bytes())
  }

  private func write(_ picture: Picture, to path: String) throws -> String {
    let data = try PNG.encode(picture)
    try AtomicFile.write(data, to: folder.appending(path: path), synced: false)
    return Digest.hex(of: data)
  }
}
