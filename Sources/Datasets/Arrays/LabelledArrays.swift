import Foundation
import ModelCore
import Support

/// Arrays under names, of which some are images and some their labels: what `.npz`, `.npy` and
/// safetensors files have in common.
///
/// Images `images` and labels `labels` are one set; `train_images`, `train_labels`, `test_images`
/// and `test_labels`, or Keras' `x_train`, `y_train`, `x_test` and `y_test`, are its parts.
struct LabelledArrays: Sendable {
  /// The file or folder, for errors.
  let file: String
  /// The arrays there are.
  let names: [String]
  /// The names of the classes, if the file has them.
  var classNames: [String]?
  let settings: ArraySettings
  /// Reads an array that is there.
  let array: @Sendable (String) throws -> Tensor

  private static let whole = [("images", "labels"), ("x", "y")]
  private static let part: [Split: [(String, String)]] = [
    .train: [("train_images", "train_labels"), ("x_train", "y_train")],
    .test: [("test_images", "test_labels"), ("x_test", "y_test")],
  ]

  private func pair(_ split: Split?) -> (images: String, labels: String)? {
    let candidates = split.map { Self.part[$0]! } ?? Self.whole
    return candidates.first { names.contains($0.0) && names.contains($0.1) }
  }

  var parts: Set<Split> { Set(Split.allCases.filter { pair($0) != nil }) }

  /// Reads a part, or everything.
  func load(_ split: Split?, name: String) throws -> LabelledImages {
    guard let pair = pair(split) else {
      throw Failure.badData(
        "\(file): expected arrays named images and labels (or train_images, train_labels, test_images, test_labels), found "
          + names.sorted().prefix(20).joined(separator: ", "))
    }
    let place = "\(file), \(pair.images)"
    let labels = try self.labels(pair.labels)
    let images = try self.images(array(pair.images), place)
    let largest =
      try parts.isEmpty
      ? labels.max() ?? 0
      : Split.allCases.compactMap(self.pair).map {
        try self.labels($0.labels).max() ?? 0
      }.max() ?? 0
    let names = try classes(largest)
    guard images.shape[0] == labels.count else {
      throw Failure.badData(
        "\(file): expected as many labels as images, found \(images.shape[0]) \(pair.images) and \(labels.count) "
          + pair.labels)
    }
    do {
      return try LabelledImages(name: name, classNames: names, pixels: images, labels: labels)
    } catch let failure as Failure {
      throw Failure(failure.kind, "\(file): \(failure.message)", hint: failure.hint)
    }
  }

  /// int, `[N]` or `[N, 1]`.
  private func labels(_ name: String) throws -> [Int64] {
    let labels = try array(name)
    guard labels.shape.count == 1 || labels.shape.dropFirst() == [1],
      [.int64, .int32, .uint8].contains(labels.type)
    else {
      throw Failure.badData(
        "\(file), \(name): expected whole numbers [N], found \(labels.type) \(labels.shape)",
        hint: "labels are the classes' numbers from 0 on")
    }
    return labels.int64s()
  }

  /// uint8 or float32 `[N, C, H, W]`.
  private func images(_ images: Tensor, _ place: String) throws -> Tensor {
    let ordered = try settings.layout.ordered(images, place)
    switch ordered.type {
    case .uint8: return ordered
    case .float32, .float64:
      let pixels = ordered.to(.float32)
      guard pixels.count > 0 else { return pixels }
      let (low, high) = (pixels.min().scalar, pixels.max().scalar)
      guard low >= 0, high <= 1 else {
        throw Failure.badData(
          "\(place): expected pixels from 0 to 1, found \(low) to \(high)",
          hint: high > 1 && high <= 255 && low >= 0
            ? "divide them by 255, or save them as uint8"
            : "undo the normalisation: it belongs into the model")
      }
      return pixels
    default:
      throw Failure.badData(
        "\(place): expected pixels as uint8 (0 to 255) or float (0 to 1), found \(ordered.type)",
        hint: "convert them, for example with astype('uint8')")
    }
  }

  private func classes(_ largest: Int64) throws -> [String] {
    if let classNames { return classNames }
    let count = settings.classes ?? Int(clamping: largest) &+ 1
    guard largest < 65_536, count <= 65_536 else {
      throw Failure.badData("\(file): expected labels below 65536, found \(largest)")
    }
    return (0..<max(1, count)).map(String.init)
  }
}

/// What a user may say about arrays.
struct ArraySettings: Sendable {
  let layout: ArrayLayout
  let classes: Int?

  init(_ settings: Settings) throws {
    let word = try settings.choice(
      "layout", of: ArrayLayout.allCases.map(\.rawValue), default: ArrayLayout.auto.rawValue,
      "the order of an image's dimensions")
    layout = ArrayLayout(rawValue: word)!
    classes = try settings.optionalInt(
      "classes", in: 1...65_536, "the number of classes, if labels do not reach the last")
  }
}

/// How the dimensions of an array of images follow each other.
enum ArrayLayout: String, CaseIterable, Sendable {
  /// Told from the sizes: channels are one or three.
  case auto
  case nchw
  case nhwc

  /// The images as `[N, C, H, W]`; `[N, H, W]` are grey.
  func ordered(_ images: Tensor, _ place: String) throws -> Tensor {
    let shape = images.shape
    guard shape.count == 3 || shape.count == 4,
      shape.dropFirst().allSatisfy({ (1...65_536).contains($0) })
    else {
      throw Failure.badData(
        "\(place): expected images [N, C, H, W], [N, H, W, C] or [N, H, W], found \(shape)")
    }
    guard shape.count == 4 else { return images.reshaped([shape[0], 1, shape[1], shape[2]]) }
    let (first, last) = ([1, 3].contains(shape[1]), [1, 3].contains(shape[3]))
    switch self {
    case .nchw: return images
    case .nhwc: return images.permuted([0, 3, 1, 2]).contiguous
    case .auto:
      guard first != last else {
        throw Failure.badData(
          "\(place): \(shape) may be [N, C, H, W] or [N, H, W, C]",
          hint: "say :layout=nchw or :layout=nhwc")
      }
      return first ? images : images.permuted([0, 3, 1, 2]).contiguous
    }
  }
}
