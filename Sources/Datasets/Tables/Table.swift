import Foundation
import ModelCore
import Support

/// A CSV table of numbers with a header, or a folder with one such file per split.
struct Table: DataFormat {
  static let summary =
    "a .csv table of numbers with a header, or a folder with train.csv and test.csv"

  private let place: URL
  /// The file of each split; nil stands for the only file.
  private let files: [(split: Split?, url: URL)]
  private let columns: TableColumns
  private let range: ClosedRange<Double>?

  init?(_ url: URL, _ settings: Settings) throws {
    if isFolder(url) {
      let found = Split.allCases.compactMap { split in
        SplitFolders.names(split).map { url.appending(path: $0 + ".csv") }
          .first { FileManager.default.fileExists(atPath: $0.path) }.map { (split, $0) }
      }
      // Lists of pictures lie beside folders of pictures.
      guard found.contains(where: { $0.0 == .train }), !PictureParts.isPresent(in: url) else {
        return nil
      }
      files = found
    } else {
      guard url.pathExtension.lowercased() == "csv" else { return nil }
      files = [(nil, url)]
    }
    place = url
    columns = try TableColumns(settings)
    range = try ArraySettings.range(settings, unlessStated: "that of the data")
  }

  var parts: Set<Split> { Set(files.compactMap(\.split)) }

  /// - Throws: `Failure.badData` also for faults in the files of other splits: all splits share
  ///   their features, classes, groups and value range.
  func load(_ part: Split?, name: String, progress: @escaping DataReference.Progress) throws
    -> LabelledImages
  {
    var tables: [TableFile] = []
    for file in files {
      tables.append(try TableFile(file.url, columns, order: tables.first?.features))
    }
    let index = files.firstIndex { $0.split == part }!
    let (table, file) = (tables[index], files[index].url)
    let classes = ClassFolders.inOrder(Set(tables.flatMap(\.labels)))
    guard classes.count <= ClassFolders.mostClasses else {
      throw Failure.badData(
        "\(place.path): expected at most \(ClassFolders.mostClasses) different labels in "
          + "'\(columns.label)', found \(classes.count)", hint: "state another column as label")
    }
    for name in classes { try ClassFolders.checkName(name, in: place) }
    let groups = table.groups.map { own in
      NamedGroups(own, among: Set(tables.flatMap { $0.groups! }))
    }
    for name in groups?.names ?? [] { try ClassFolders.checkName(name, in: place) }
    let numbers = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, Int64($0)) })
    let values = Tensor(table.values, shape: [table.labels.count, table.features.count])
    let range = try valueRange(tables)
    return try LabelledImages(
      name: name, classNames: classes, pixels: try clipped(values, to: range, file),
      labels: table.labels.map { numbers[$0]! }, groups: groups?.numbers,
      groupNames: groups?.names, masks: masks(table), valueRange: range
    ).naming(features: table.features).noting(groups?.notes(on: name) ?? [])
  }

  /// The stated range, or the smallest and the largest number of all files.
  private func valueRange(_ tables: [TableFile]) throws -> ClosedRange<Double> {
    if let range { return range }
    let low = tables.map { $0.values.min()! }.min()!
    let high = tables.map { $0.values.max()! }.max()!
    guard low < high else {
      throw Failure.badData(
        "\(place.path): all numbers are \(low), so the data have no value range",
        hint: "state it, as in range=0..1")
    }
    return Double(low)...Double(high)
  }

  /// The values, which lie in a range except for rounding.
  private func clipped(_ values: Tensor, to range: ClosedRange<Double>, _ file: URL) throws
    -> Tensor
  {
    let extremes = ValueExtremes(values)
    if extremes.lie(in: range) { return values }
    guard extremes.lieNearly(in: range) else {
      throw Failure.badData(
        "\(file.path): expected values from \(range.words), found \(extremes)",
        hint: "state a larger range, or none to use that of the data")
    }
    return values.clamped(to: range)
  }

  /// The same mask for every row, uint8 `[N, D]`; nil if no columns are masked.
  private func masks(_ table: TableFile) -> Tensor? {
    guard let masked = columns.masked else { return nil }
    let row = table.features.map { masked.contains($0) ? 1 : 0 as UInt8 }
    return Tensor(row, shape: [1, row.count]).expanded([table.labels.count, row.count])
  }
}
