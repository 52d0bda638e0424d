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
    let images = try checkedImages(order.batch(stored), arrays.images)
    let count = images.shape[0]
    let labels = try wholeNumbers(arrays.labels)
    let classNames = try classes()
    try check(
      labels, of: arrays.labels, count: count, limit: Int64(classNames.count),
      hint: (labels.min() ?? 0) < 0
        ? "number the classes from 0 on: names, labels = numpy.unique(labels, return_inverse=True)"
        : self.classNames == nil
          ? "state the number of classes with :classes=\(1 + (labels.max() ?? 0)) or more"
          : "name all classes in classNames")
    var groups: [Int64]?
    if names.contains(arrays.groups) {
      groups = try wholeNumbers(arrays.groups)
      try check(
        groups!, of: arrays.groups, count: count, limit: Self.mostNumbers,
        hint: "number the groups from 0 on: "
          + "names, groups = numpy.unique(groups, return_inverse=True)")
    }
    let masks =
      names.contains(arrays.masks)
      ? try masks(arrays.masks, order, besides: stored.shape) : nil
    return try LabelledImages(
      name: name, classNames: classNames, pixels: images, labels: labels, groups: groups,
      masks: masks, valueRange: settings.range ?? 0...1
    ).countingClasses(by: self.classNames == nil ? .labels : .fixed)
      .noting(notes + labelNotes(labels, arrays.labels)).notingDarkness()
  }

  func wrong(_ array: String, _ message: String, hint: String? = nil) -> Failure {
    .badData("\(file), \(array): \(message)", hint: hint)
  }

  // MARK: Labels and groups

  /// The numbers of an array `[N]` or `[N, 1]` of whole numbers.
  private func wholeNumbers(_ name: String) throws -> [Int64] {
    let numbers = try array(name)
    let isFlat = numbers.rank == 1 || numbers.rank == 2 && numbers.shape[1] == 1
    guard isFlat, [.int64, .int32, .uint8, .bool].contains(numbers.type) else {
      let advice =
        switch (isFlat, numbers.rank) {
        case (true, _): "if they are whole numbers, save \(name).astype('int64')"
        case (false, 2) where numbers.shape[0] == 1:
          "save \(name).reshape(-1), or \(name).argmax(axis=1) if the row marks one class"
        case (false, 2): "if each row marks one class, save \(name).argmax(axis=1)"
        default: "save one whole number for each example"
        }
      throw wrong(
        name, "expected whole numbers [N], found \(numbers.type) \(numbers.shape)", hint: advice)
    }
    return numbers.int64s()
  }

  private func check(
    _ numbers: [Int64], of name: String, count: Int, limit: Int64, hint: String
  ) throws {
    guard numbers.count == count else {
      throw wrong(
        name, "expected \(count) numbers, one for each example, found \(numbers.count)")
    }
    if let place = numbers.firstIndex(where: { !(0..<limit).contains($0) }) {
      throw wrong(
        name,
        "expected numbers from 0 to \(limit - 1), found \(numbers[place]) for example \(place)",
        hint: hint)
    }
  }

  /// The names of the classes: those of the file, or numbers up to the largest label of any split,
  /// since a test set may lack the last class.
  private func classes() throws -> [String] {
    if let classNames {
      guard settings.classes == nil || settings.classes == classNames.count else {
        throw Failure.badData(
          "\(file): its metadata classNames name \(classNames.count) classes, and the option "
            + "classes=\(settings.classes!) states another number",
          hint: "remove the option, or name all classes in classNames")
      }
      return classNames
    }
    if let count = settings.classes { return (0..<count).map(String.init) }
    let sets = parts.isEmpty ? [arrays(nil)] : parts.map(arrays)
    let largest = try sets.compactMap { try ($0?.labels).flatMap(wholeNumbers)?.max() }.max() ?? 0
    guard largest < Self.mostNumbers else {
      throw Failure.badData(
        "\(file): expected labels below \(Self.mostNumbers), found \(largest)",
        hint: "number the classes from 0 on: "
          + "names, labels = numpy.unique(labels, return_inverse=True)")
    }
    return (0...max(0, largest)).map(String.init)
  }

  /// A line about labels that seem to count from 1.
  private func labelNotes(_ labels: [Int64], _ name: String) -> [String] {
    let found = Set(labels)
    guard classNames == nil, settings.classes == nil, let last = found.max(), last > 1,
      found.count == Int(last), found.min() == 1
    else { return [] }
    return [
      "\(file), \(name): the labels are 1 to \(last), so class 0 has no images; "
        + "subtract 1 if they count from 1"
    ]
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
