import Support

/// What the columns of a CSV table mean: the options `label`, `group`, `mask` and `drop`.
struct TableColumns: Sendable {
  /// The column of the labels.
  let label: String
  /// The column of the groups; nil if the table has none.
  let group: String?
  /// The features that must not influence the prediction, for every row; nil if the table has no
  /// masks.
  let masked: [String]?
  /// Columns that are left out.
  let dropped: [String]

  init(_ settings: Settings) throws {
    label = try settings.string("label", default: "label", "the column of the labels")
    let meaning = "the column of the groups"
    group =
      settings.value("group", meaning) == nil ? nil : try settings.string("group", meaning)
    masked = try Self.list(
      settings, "mask", "the columns that must not influence the prediction, such as a+b")
    dropped = try Self.list(settings, "drop", "columns that are left out, such as a+b") ?? []
  }

  /// Names of columns: a list, or names with plus signs between them.
  private static func list(_ settings: Settings, _ name: String, _ meaning: String) throws
    -> [String]?
  {
    guard settings.value(name, meaning) != nil else { return nil }
    return try settings.string(name, meaning)
      .split(separator: "+", omittingEmptySubsequences: false).map(String.init)
  }

  /// The features of a table: its columns without those of labels and groups and those left out.
  /// - Parameter header: the names of all columns.
  /// - Throws: `Failure.badData` for a column that is missing, a header without names, and a table
  ///   without features.
  func features(of header: [String], file: String) throws -> [String] {
    if header.allSatisfy({ Double($0) != nil }) {
      throw Failure.badData(
        "\(file):1: expected a header with the names of the columns, found numbers",
        hint: "write a first line such as: height,width,label")
    }
    if let place = header.firstIndex(where: \.isEmpty) {
      throw Failure.badData(
        "\(file):1: the column \(place + 1) has no name",
        hint: "write the table without row numbers: in pandas, to_csv(…, index=False)")
    }
    if header.count == 1, header[0].contains(where: { ";\t".contains($0) }) {
      throw Failure.badData(
        "\(file):1: expected commas between the columns, found '\(header[0].prefix(40))'",
        hint: "save the table with commas: in pandas, to_csv(…, sep=',')")
    }
    for (option, column) in named {
      guard !header.contains(column) else { continue }
      throw Failure.badData(
        "\(file):1: there is no column '\(column)' (\(option)), only "
          + header.prefix(20).joined(separator: ", ") + (header.count > 20 ? ", …" : ""),
        hint: option == "label"
          ? "state the column of the labels with the option label=COLUMN"
          : hint(for: column, among: header))
    }
    let others = Set([label] + [group].compactMap { $0 } + dropped)
    if let column = masked?.first(where: others.contains) {
      throw Failure.badData(
        "\(file):1: mask names the column '\(column)', which is not a feature",
        hint: "remove it from mask")
    }
    let features = header.filter { !others.contains($0) }
    guard !features.isEmpty else {
      throw Failure.badData("\(file):1: expected columns of numbers beside the labels, found none")
    }
    return features
  }

  /// The columns that options name, with the option.
  private var named: [(option: String, column: String)] {
    [("label", label)] + [group].compactMap { $0 }.map { ("group", $0) }
      + (masked ?? []).map { ("mask", $0) } + dropped.map { ("drop", $0) }
  }
}
