import ArgumentParser
import Datasets
import Foundation
import ModelCore
import Support

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "List, download and check data sets.",
    subcommands: [ListData.self, GetData.self, CheckData.self])
}

struct ListData: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the data sets that have a name.",
    discussion: """
      Shows the number of training, validation and test images, the shape of an
      image, and whether the data set is on this machine.

      EXAMPLE
        crossfire data list
      """)

  @OptionGroup var output: OutputOptions

  private struct Line: Encodable {
    let name: String
    let train: Int?
    let validation: Int?
    let test: Int?
    let shape: String
    let classes: Int
    let isHere: Bool
    let summary: String
  }

  func run() throws {
    let lines = DatasetCatalog.all.map { entry in
      Line(
        name: entry.name, train: entry.counts[.train], validation: entry.counts[.validation],
        test: entry.counts[.test],
        shape: entry.shape.description, classes: entry.classNames.count, isHere: entry.isHere(),
        summary: entry.summary)
    }
    var table = TextTable(["name", "train", "validation", "test", "shape", "here"])
    for line in lines {
      let count = { (number: Int?) in number.map(String.init) ?? "-" }
      table.add([
        line.name, count(line.train), count(line.validation), count(line.test), line.shape,
        line.isHere ? "yes" : "no",
      ])
    }
    let meanings = lines.map { "  \($0.name.padded(to: 14)) \($0.summary)" }.joined(separator: "\n")
    try output.show(lines, table.text + "\n\n" + meanings)
  }
}

struct GetData: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get", abstract: "Download a data set into the cache and verify its checksums.",
    discussion: """
      A download that was interrupted continues. The files appear under their names
      only when they are complete and verified.

      EXAMPLE
        crossfire data get mnist
      """)

  @Argument(help: "The name of the data set; 'crossfire data list' shows them all.")
  var name: String

  @OptionGroup var output: OutputOptions

  func run() throws {
    let entry = try DatasetCatalog.entry(named: name)
    let progress = output.progress
    let folder = DataFolders().cache.appending(path: entry.folderName)
    let total = entry.files.reduce(0) { $0 + $1.size }
    progress.begin("download \(name)", total: total, unit: "bytes")
    _ = try entry.download(to: folder) { file, done, _ in
      progress.update(entry.bytes(before: file) + done)
    }
    progress.end(nil)
    try Console.write(folder.path)
  }
}

struct CheckData: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Check the counts, shapes, labels and checksums of a data set.",
    discussion: """
      Reads every image, and says what cannot be read. Also says how many test and
      validation images are training images too.

      EXAMPLE
        crossfire data check mnist
      """)

  @Argument(help: "The data set: a name or a path.", completion: .file())
  var data: String

  @OptionGroup var output: OutputOptions

  func run() throws {
    let progress = output.progress
    let check = try DataReference(data).check { done, total in
      if done == 1 { progress.begin("read \(data)", total: total, unit: "images") }
      progress.update(done)
    }
    progress.end(nil)
    let width = 2 + (check.rows.compactMap { $0.split?.rawValue.count }.max() ?? 5)
    let lines = check.rows.map { row in
      let expected = row.expected.map { $0 == row.found ? "" : " (expected \($0))" } ?? ""
      let mark = row.verdict == .bad ? "BAD" : row.verdict == .warning ? "WARN" : ""
      return mark.padded(to: 5) + (row.split?.rawValue ?? "").padded(to: width)
        + "\(row.subject): \(row.found)\(expected)"
    }
    try output.show(check, lines.joined(separator: "\n"))
    guard check.passed else {
      throw Failure.badData("\(data): a check failed; the lines marked BAD say what was expected")
    }
  }
}

extension DatasetEntry {
  /// The sizes of all files that are downloaded before `file`, in bytes.
  fileprivate func bytes(before file: String) -> Int {
    files.prefix { $0.name != file }.reduce(0) { $0 + $1.size }
  }
}
