import Foundation
import ModelCore
import Support

/// The arrays of a file or folder, by name: what `.npz`, `.npy` and safetensors files have in
/// common.
///
/// `ArrayNames` says which arrays are read. This type interprets the arrays in the same way for
/// every format: their layouts, tables, value ranges, groups and masks.
struct LabelledArrays: Sendable {
  /// The path of the file or folder, for error messages.
  let file: String
  /// The names of the arrays in it.
  let names: [String]
  /// The names of the classes, if the file has them.
  var classNames: [String]?
  let settings: ArraySettings
  /// Reads one of the arrays in `names`.
  let array: @Sendable (String) throws -> Tensor

  private static let mostNumbers: Int64 = 65_536

  /// The splits that the arrays are divided into; empty if they are one set.
  var parts: Set<Split> { Set(Split.allCases.filter { arrays($0) != nil }) }

  /// The names of the arrays of a split (nil: of an undivided set); nil if there are none.
  private func arrays(_ split: Split?) -> ArrayNames? {
    ArrayNames.known(split).first { names.contains($0.images) && names.contains($0.labels) }
  }

  /// Reads a split, or the whole of an undivided set (nil).
  /// - Throws: `Failure.badData` with the file, the array, what was expected and what was found.
  func load(_ split: Split?, name: String) throws -> LabelledImages {
    guard let arrays = arrays(split) else {
      let found = names.sorted().prefix(20).joined(separator: ", ")
      throw Failure.badData(
        "\(file): expected arrays named images and labels "
          + "(or train_images, train_labels, test_images and test_labels), found \(found)")
    }
    let stored = try array(arrays.images)
    let order = try ArrayOrder(
      of: stored.shape, settings.layout, place: "\(file), \(arrays.images)")
    let images = try checkedImages(order.batch(stored), arrays)
    let count = images.shape[0]
    let labels = try wholeNumbers(arrays.labels)
    let classNames = try classes()
    try check(labels, of: arrays.labels, count: count, limit: Int64(classNames.count))
    var groups: [Int64]?
    if names.contains(arrays.groups) {
      groups = try wholeNumbers(arrays.groups)
      try check(groups!, of: arrays.groups, count: count, limit: Self.mostNumbers)
    }
    let masks =
      names.contains(arrays.masks)
      ? try masks(arrays.masks, order, besides: stored.shape, of: images.shape) : nil
    return try LabelledImages(
      name: name, classNames: classNames, pixels: images, labels: labels, groups: groups,
      masks: masks, valueRange: settings.range ?? 0...1
    ).noting(notes)
  }

  private func wrong(_ array: String, _ message: String, hint: String? = nil) -> Failure {
    .badData("\(file), \(array): \(message)", hint: hint)
  }

  // MARK: Images

  /// Examples as they are kept: uint8 as stored, float32 with every value in the value range.
  /// - Parameter images: `[N, C, H, W]`, or `[N, D]` for a table.
  private func checkedImages(_ images: Tensor, _ arrays: ArrayNames) throws -> Tensor {
    guard images.shape[0] > 0 else {
      throw wrong(arrays.images, "expected at least one example, found none")
    }
    switch images.type {
    case .uint8: return images
    case .float32, .float64: break
    default:
      throw wrong(
        arrays.images,
        "expected values as uint8 (0 to 255) or floating-point numbers, found \(images.type)",
        hint: "convert them with NumPy: astype('uint8') or astype('float32')")
    }
    let values = images.to(.float32)
    let extremes = ValueExtremes(values)
    guard extremes.lie(in: settings.range ?? 0...1) else {
      throw wrong(
        arrays.images,
        "expected values from \((settings.range ?? 0...1).words), found \(extremes)",
        hint: extremes.hint(range: settings.range))
    }
    return values
  }

  /// Masks, float32 in the shape of the images.
  /// - Parameters:
  ///   - stored: the shape of the array of images in the file.
  ///   - shape: the shape that these images became, `[N, C, H, W]` or `[N, D]`.
  private func masks(
    _ name: String, _ order: ArrayOrder, besides stored: [Int], of shape: [Int]
  ) throws -> Tensor {
    let masks = try array(name)
    let possible = order.maskShapes(besides: stored)
    guard possible.contains(masks.shape) else {
      throw wrong(
        name,
        "expected masks of shape \(possible.map { "\($0)" }.joined(separator: " or ")), "
          + "found \(masks.shape)", hint: "a mask without channels stands for all channels")
    }
    // Whole numbers from 0 to 1 are 0 or 1, so one comparison serves every element type.
    let numbers = masks.to(.float32)
    let extremes = ValueExtremes(numbers)
    guard extremes.lie(in: 0...1) else {
      let isFraction = [.float32, .float64].contains(masks.type)
      throw wrong(
        name, "expected masks \(isFraction ? "from 0 to 1" : "of 0 and 1"), found \(extremes)",
        hint: "1 marks a number that must not matter, 0 one that may")
    }
    return order.masks(numbers).expanded(shape)
  }

  // MARK: Labels and groups

  /// The numbers of an array `[N]` or `[N, 1]` of whole numbers.
  private func wholeNumbers(_ name: String) throws -> [Int64] {
    let numbers = try array(name)
    guard numbers.rank == 1 || numbers.rank == 2 && numbers.shape[1] == 1,
      [.int64, .int32, .uint8, .bool].contains(numbers.type)
    else {
      throw wrong(
        name, "expected whole numbers [N], found \(numbers.type) \(numbers.shape)",
        hint: "number the classes and groups from 0 on")
    }
    return numbers.int64s()
  }

  private func check(_ numbers: [Int64], of name: String, count: Int, limit: Int64) throws {
    guard numbers.count == count else {
      throw wrong(
        name, "expected \(count) numbers, one for each example, found \(numbers.count)")
    }
    if let place = numbers.firstIndex(where: { !(0..<limit).contains($0) }) {
      throw wrong(
        name,
        "expected numbers from 0 to \(limit - 1), found \(numbers[place]) for example \(place)")
    }
  }

  /// The names of the classes: those of the file, or numbers up to the largest label of any split,
  /// since a test set may lack the last class.
  private func classes() throws -> [String] {
    if let classNames { return classNames }
    if let count = settings.classes { return (0..<count).map(String.init) }
    let sets = parts.isEmpty ? [arrays(nil)] : parts.map(arrays)
    let largest = try sets.compactMap { try ($0?.labels).flatMap(wholeNumbers)?.max() }.max() ?? 0
    guard largest < Self.mostNumbers else {
      throw Failure.badData(
        "\(file): expected labels below \(Self.mostNumbers), found \(largest)")
    }
    return (0...max(0, largest)).map(String.init)
  }

  /// A line about arrays that seem to be groups or masks, but whose names are not among those that
  /// are read.
  private var notes: [String] {
    let sets = ([nil] + Split.allCases).compactMap(arrays)
    let read = Set(sets.flatMap { [$0.groups, $0.masks] })
    let overlooked = names.filter {
      ($0.contains("mask") || $0.contains("group")) && !read.contains($0)
    }
    guard !overlooked.isEmpty, let example = sets.first else { return [] }
    return [
      "\(file): left out \(overlooked.sorted().prefix(10).joined(separator: ", ")); for "
        + "\(example.images), groups are read from \(example.groups) and masks from "
        + example.masks
    ]
  }
}
