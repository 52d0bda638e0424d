import Foundation
import ModelCore
import Support

/// Street View House Numbers (SVHN), cropped digits: a folder with `train_32x32.mat` and
/// `test_32x32.mat`, or one such file.
///
/// A file has an array `X` of 32 x 32 x 3 x N bytes and an array `y` of N labels, of which 10
/// stands for the digit 0. With `colour=grey` the images become grey by .2989 R + .5870 G + .1140
/// B, rounded to bytes, as in A. Ross, "Training Machine Learning Models by Regularizing their
/// Explanations" (2018).
struct SVHN: DataFormat {
  static let summary = "the .mat files of SVHN, a folder or one file"
  static let names: [Split: String] = [.train: "train_32x32.mat", .test: "test_32x32.mat"]

  private let files: [Split: URL]
  private let single: URL?
  private let isGrey: Bool

  init?(_ url: URL, _ settings: Settings) throws {
    let isFile = url.pathExtension.lowercased() == "mat" && !isFolder(url)
    guard isFile || Self.isPresent(in: url) else { return nil }
    self.init(
      url, single: isFile,
      isGrey: try settings.choice(
        "colour", of: ["rgb", "grey"], default: "rgb", "the colours of the images") == "grey")
  }

  init(_ url: URL, single: Bool = false, isGrey: Bool = false) {
    self.single = single ? url : nil
    files =
      single
      ? [:] : Self.names.mapValues { url.appending(path: $0) }.filter { Self.exists($0.value) }
    self.isGrey = isGrey
  }

  /// Whether a folder has at least one of the two files.
  static func isPresent(in folder: URL) -> Bool {
    names.values.contains { exists(folder.appending(path: $0)) }
  }

  private static func exists(_ url: URL) -> Bool {
    FileManager.default.fileExists(atPath: url.path)
  }

  var parts: Set<Split> { Set(files.keys) }

  /// What a split is read from, in a folder of both files.
  func sources(of split: Split) -> [DataSource] { files[split].map { [.file($0)] } ?? [] }

  func load(_ part: Split?, name: String, progress: @escaping DataReference.Progress) throws
    -> LabelledImages
  {
    guard let file = single ?? part.flatMap({ files[$0] }) else {
      let name =
        part.flatMap { Self.names[$0] } ?? Self.names.values.sorted().joined(separator: " or ")
      throw Failure.missing("No such file: \(name), which SVHN needs")
    }
    let arrays = try MATLAB.arrays(
      ["X", "y"], in: [UInt8](readFile(file, limit: SizeLimits.array)), named: file.path)
    let images = arrays["X"]!
    guard case .bytes(let bytes) = images.values, images.sizes.count == 4, images.sizes[2] == 3,
      images.sizes.allSatisfy({ $0 > 0 })
    else {
      throw Failure.badData(
        "\(file.path): expected an array X of height x width x 3 x N bytes, "
          + "found \(images.values.words) of sizes \(images.sizes)",
        hint: "convert it in MATLAB, for values from 0 to 1 with X = uint8(255 * X)")
    }
    let pixels = images.isLogical ? bytes.map { $0 == 0 ? 0 : 255 } : bytes
    let labels: [Double] =
      switch arrays["y"]!.values {
      case .bytes(let bytes): bytes.map(Double.init)
      case .numbers(let numbers): numbers
      }
    guard labels.count == images.sizes[3] else {
      throw Failure.badData(
        "\(file.path): expected \(images.sizes[3]) labels, one for each image, "
          + "found \(labels.count)")
    }
    if let wrong = labels.first(where: { Int(exactly: $0).map((1...10).contains) != true }) {
      throw Failure.badData(
        "\(file.path): expected labels from 1 to 10, found \(wrong)",
        hint: "in SVHN's files 10 stands for the digit 0")
    }
    // MATLAB stores the row index fastest, then the column: in row-major order [N, C, W, H].
    let stored = Tensor(pixels, shape: images.sizes.reversed())
    let planes = stored.permuted([0, 1, 3, 2]).contiguous
    return try LabelledImages(
      name: name, classNames: (0...9).map(String.init), pixels: isGrey ? grey(planes) : planes,
      labels: labels.map { Int64($0) % 10 }
    ).notingDarkness()
  }

  /// Converts uint8 `[N, 3, H, W]` to grey uint8 `[N, 1, H, W]`.
  ///
  /// It converts 4,096 images at a time, since the 32-bit numbers in between take four times the
  /// memory.
  private func grey(_ images: Tensor) -> Tensor {
    let weights = Tensor([0.2989, 0.5870, 0.1140] as [Float], shape: [1, 3, 1, 1])
    let parts = stride(from: 0, to: images.shape[0], by: 4096).map { start in
      let part = images.narrow(0, start, min(4096, images.shape[0] - start)).to(.float32)
      return ((part * weights).sum([1], keep: true) + 0.5).to(.uint8)
    }
    return Tensor.concatenate(parts)
  }
}
