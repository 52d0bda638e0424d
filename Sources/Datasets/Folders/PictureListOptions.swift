import Support

/// How the list of some pictures is read, and which groups they have: the options `csv`, `file`,
/// `label`, `mask` and `group`.
struct PictureListOptions: Sendable {
  /// The name of the list; nil if it is to be found.
  var csv: String?
  /// The column of the paths of the pictures.
  var file = "file"
  /// The column of the classes. If the list has no such column, folders are classes.
  var label = "label"
  /// The column of the paths of the masks, which may be absent.
  var mask = "mask"
  /// What the groups are; nil if a list with a column `group` says it.
  var grouping: Grouping?

  /// The meaning of a group.
  enum Grouping: Sendable, Equatable {
    /// The column of a list with this name.
    case column(String)
    /// The class.
    case label
    /// The class and the folder within the class folder.
    case folder
    /// The class, and whether the picture has a mask picture.
    case mask
  }

  init() {}

  init(_ settings: Settings) throws {
    func word(_ name: String, _ meaning: String) throws -> String? {
      settings.value(name, meaning) == nil ? nil : try settings.string(name, meaning)
    }
    csv = try word("csv", "the CSV file that lists the pictures")
    file = try word("file", "the column of the paths of the pictures") ?? file
    label = try word("label", "the column of the classes") ?? label
    mask = try word("mask", "the column of the paths of the masks") ?? mask
    let words: [String: Grouping] = ["label": .label, "folder": .folder, "mask": .mask]
    grouping = try word(
      "group", "the column of the groups, or label, folder or mask for groups made of these"
    ).map { words[$0] ?? .column($0) }
  }
}
