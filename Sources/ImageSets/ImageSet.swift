import Attacks
import Datasets
import Evaluation
import Foundation
import ModelCore
import Support

/// Writes adversarial examples as a folder of pictures.
///
/// - `images/<source>/<attack>-<epsilon>/<index>.png`: one picture for each adversarial example.
/// - `originals/<index>.png`: the unchanged images.
/// - `sheets/<source>/<attack>-<epsilon>.png`: the first hundred examples on one page, with the
///   class and the predicted class of each.
/// - `manifest.csv`: one row for each adversarial picture.
///
/// The names of pictures sort in the order of the data, and say neither the class nor the answer, so
/// that the files can be shown to people.
/// - `jpeg.csv`, if JPEG qualities are given: how many pictures still fool their source after
///   compression.
///
/// Pictures have 8 bits per channel. Rounding keeps the budget (`Quantization`). The effect of
/// rounding is measured: if the source model is given, it classifies each picture again as it is
/// stored.
///
/// ```swift
/// var images = try ImageSet(URL(filePath: "pictures"))
/// try images.add(ExampleSet(URL(filePath: "fgsm.safetensors")), source: nil)
/// let outcome = try images.finish()
/// ```
public struct ImageSet {
  /// What was written.
  public struct Outcome: Equatable, Sendable {
    /// How many adversarial pictures were written.
    public var pictures = 0
    /// How many of their examples fooled the source model as computed.
    public var fooling = 0
    /// How many of these also fool it as 8-bit pictures.
    public var foolingAsStored = 0
    /// The two counts for each attack and source whose pictures were classified again.
    public var losses: [PictureLoss] = []
  }

  public let folder: URL
  /// Each pixel becomes a block of `scale` x `scale`, for people to look at.
  public let scale: Int
  /// How many pictures still fool their source after JPEG compression.
  public private(set) var jpeg: JPEGChannel
  private var manifest = CSV(header: Self.columns)
  private var outcome = Outcome()
  private var writtenOriginals: Set<String> = []

  static let columns =
    "file,original,sha256,data,index,label,label_name,target,source,attack,epsilon,predicted,"
    + "predicted_name,predicted_after_export,confidence,linf,l2,l0,linf_after_export,"
    + "l2_after_export,l0_after_export"

  /// - Parameters:
  ///   - folder: the folder to write.
  ///   - scale: the side of the block that each pixel becomes.
  ///   - jpegQualities: the qualities, 1 to 100, at which the pictures are compressed and
  ///     classified again.
  /// - Throws: `Failure.usage` for a quality outside 1 to 100.
  public init(_ folder: URL, scale: Int = 1, jpegQualities: [Int] = []) throws {
    self.folder = folder
    self.scale = scale
    jpeg = try JPEGChannel(qualities: jpegQualities)
  }

  /// Writes the pictures of one example set.
  /// - Parameters:
  ///   - set: images `[N, C, H, W]` with one or three channels, in any valid range.
  ///   - source: the model that the examples were made on, which classifies the pictures again; nil
  ///     leaves `predicted_after_export` empty.
  ///   - done: called after each picture.
  /// - Throws: `Failure.badData` for examples that cannot be drawn, `Failure.cannotWrite` if a file
  ///   cannot be written.
  public mutating func add(_ set: ExampleSet, source: (any Classifier)?, done: () -> Void = {})
    throws
  {
    try set.checkCanBeDrawn()
    let before = outcome
    guard let norm = Norm(rawValue: set.origin.norm) else {
      throw Failure.badData(
        "unknown norm '\(set.origin.norm)'",
        hint: hint(for: set.origin.norm, among: Norm.allCases.map(\.rawValue)))
    }
    for (budget, epsilon) in set.origin.epsilons.enumerated() {
      var shelf = Shelf(
        path: "\(set.origin.source)/\(set.origin.attack)-\(epsilon.plainDecimal)", budget: budget,
        epsilon: epsilon, norm: norm,
        sheet: ContactSheet(
          title: "\(set.origin.attack) on \(set.origin.source), epsilon \(epsilon.plainDecimal): "
            + "#index class, > predicted class"))
      // In batches, so that memory does not grow with the set.
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

  /// The place of one set's pictures within one budget.
  private struct Shelf {
    let path: String
    /// The budget's index in the set's list of budgets.
    let budget: Int
    let epsilon: Double
    let norm: Norm
    var sheet: ContactSheet
    /// How many pictures of each image were written. An attack towards several targets makes several.
    var written: [Int64: Int] = [:]

    /// The next path of an image's picture.
    mutating func path(of index: Int64) -> String {
      let number = written[index, default: 0] + 1
      written[index] = number
      return "images/\(path)/\(padded(Int(index)))" + (number == 1 ? "" : "-\(number)") + ".png"
    }
  }

  /// Writes the pictures of one batch of a set within one budget.
  private mutating func add(
    _ set: ExampleSet, to shelf: inout Shelf, source: (any Classifier)?, done: () -> Void
  ) throws {
    // adversarial, stored, pixels [N, C, H, W]
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
    if let source, let foolsAsStored {
      jpeg.add(pixels, of: set, epsilon: epsilon, source: source, fooling: foolsAsStored)
    }
    let predicted = set.predicted.select(0, shelf.budget).int64s()
    let confidence = set.confidence.select(0, shelf.budget).floats()
    let fooled = set.fooled(budget: shelf.budget)
    let (labels, targets, indices) = (set.label.int64s(), set.target.int64s(), set.index.int64s())
    func name(_ number: Int64) -> String {
      let names = set.origin.classNames
      return names.indices.contains(Int(number)) ? names[Int(number)] : "\(number)"
    }
    for i in 0..<set.count {
      let path = shelf.path(of: indices[i])
      let original = "originals/\(padded(Int(indices[i]))).png"
      let picture = Self.picture(stored.select(0, i)).enlarged(scale)
      shelf.sheet.add(
        picture, ["#\(indices[i]) \(name(labels[i]))", "> \(name(predicted[i]))"],
        isHighlighted: fooled[i])
      let digest = try write(picture, to: path)
      try writeOriginal(originals.select(0, i), original)
      manifest.append(
        [
          path, original, digest, set.origin.data, "\(indices[i])", "\(labels[i])",
          name(labels[i]), targets[i] < 0 ? "" : "\(targets[i])",
        ]
          + [
            set.origin.source, set.origin.attack, epsilon.plainDecimal, "\(predicted[i])",
            name(predicted[i]), judged.map { "\($0[i])" } ?? "",
          ]
          + [Double(confidence[i]).roundedToMillionths.plainDecimal] + exact.map { $0[i] }
          + after.map { $0[i] })
      count(fooled[i], foolsAsStored?[i] ?? false)
      done()
    }
  }

  /// Writes `jpeg.csv`, and `manifest.csv` last. If names of classes are not ASCII, the manifest begins
  /// with a byte order mark, by which spreadsheets know that it is UTF-8.
  /// - Throws: `Failure.cannotWrite`.
  public func finish() throws -> Outcome {
    if !jpeg.lines.isEmpty {
      try AtomicFile.write(jpeg.csv(), to: folder.appending(path: "jpeg.csv"))
    }
    let mark = manifest.text.utf8.allSatisfy { $0 < 0x80 } ? "" : "\u{FEFF}"
    try AtomicFile.write(mark + manifest.text, to: folder.appending(path: "manifest.csv"))
    return outcome
  }

  private mutating func count(_ fooled: Bool, _ foolsAsStored: Bool) {
    outcome.pictures += 1
    guard fooled else { return }
    outcome.fooling += 1
    if foolsAsStored { outcome.foolingAsStored += 1 }
  }

  /// The ℓ∞, ℓ2 and ℓ0 size of each perturbation `[N, C, H, W]`, as three lists of N texts.
  private func sizes(_ perturbations: Tensor) -> [[String]] {
    [Norm.linf, .l2, .l0].map { norm in
      norm.size(perturbations).floats().map { Double($0).roundedToMillionths.plainDecimal }
    }
  }

  /// Writes an unchanged image unless another set wrote it already.
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

  /// - Returns: the file's SHA-256 in hexadecimal.
  private func write(_ picture: Picture, to path: String) throws -> String {
    let data = try PNG.encode(picture)
    try AtomicFile.write(data, to: folder.appending(path: path), synced: false)
    return Digest.hex(of: data)
  }
}
