import Foundation
import ModelCore
import Support

/// The binary version of CIFAR-10 and CIFAR-100.
///
/// CIFAR-10 is a folder with `data_batch_1.bin` … `data_batch_5.bin` and `test_batch.bin`,
/// CIFAR-100 a folder with `train.bin` and `test.bin`. The published `.tar.gz` of either is read
/// too.
///
/// A record is a label of one byte and then 3072 bytes, 32 x 32 for each channel. CIFAR-100 has two
/// labels, the coarse one and the fine one; the fine one is used.
struct CIFAR: DataFormat {
  static let summary = "the binary version of CIFAR-10 or CIFAR-100, a folder or a .tar.gz"

  private enum Kind: CaseIterable {
    case ten, hundred

    func files(_ split: Split) -> [String] {
      switch (self, split) {
      case (.ten, .train): (1...5).map { "data_batch_\($0).bin" }
      case (.ten, .test): ["test_batch.bin"]
      case (.hundred, .train): ["train.bin"]
      case (.hundred, .test): ["test.bin"]
      case (_, .validation): []
      }
    }

    var namesFile: String { self == .ten ? "batches.meta.txt" : "fine_label_names.txt" }
    var classes: Int { self == .ten ? 10 : 100 }
    var labelBytes: Int { self == .ten ? 1 : 2 }
  }

  /// The names of CIFAR-10's classes.
  static let names = [
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
  ]
  private static let shape = InputShape(channels: 3, height: 32, width: 32)
  /// The largest file that is read, 256 MB; the largest published one has 154 MB.
  private static let largest = 1 << 28

  private let url: URL
  private let isArchive: Bool
  let parts: Set<Split>

  init?(_ url: URL, _ settings: Settings) throws { self.init(url) }

  init?(_ url: URL) {
    self.url = url
    isArchive = !isFolder(url) && ["gz", "tgz"].contains(url.pathExtension.lowercased())
    parts =
      isArchive
      ? [.train, .test]
      : Set(
        Split.allCases.filter { split in
          Kind.allCases.contains { kind in
            kind.files(split).first.map { Self.exists($0, in: url) } ?? false
          }
        })
    guard !parts.isEmpty else { return nil }
  }

  private static func exists(_ name: String, in folder: URL) -> Bool {
    FileManager.default.fileExists(atPath: folder.appending(path: name).path)
  }

  func load(_ part: Split?, name: String, progress: @escaping DataReference.Progress) throws
    -> LabelledImages
  {
    let split = part ?? .test
    let files = try contents(split)
    guard let kind = Kind.allCases.first(where: { $0.files(split).allSatisfy { files[$0] != nil } })
    else {
      let wanted = Kind.allCases.map { $0.files(split).joined(separator: ", ") }.joined(
        separator: " or ")
      throw Failure.badData(
        "\(url.path): expected the files \(wanted), at least one is missing",
        hint: "get the archive of the binary version")
    }
    var pixels: [UInt8] = []
    var labels: [Int64] = []
    for file in kind.files(split) {
      try read(files[file]!, kind, named: "\(url.path), \(file)", &pixels, &labels)
    }
    return try LabelledImages(
      name: name, shape: Self.shape, classNames: classNames(kind, files[kind.namesFile]),
      pixels: pixels, labels: labels
    )
  }

  /// What a split is read from.
  func sources(of split: Split) -> [DataSource] {
    guard !isArchive else { return [.file(url)] }
    return Kind.allCases.flatMap { $0.files(split) + [$0.namesFile] }
      .filter { Self.exists($0, in: url) }.map { .file(url.appending(path: $0)) }
  }

  private func read(
    _ file: [UInt8], _ kind: Kind, named name: String, _ pixels: inout [UInt8],
    _ labels: inout [Int64]
  ) throws {
    let length = kind.labelBytes + Self.shape.count
    guard !file.isEmpty, file.count % length == 0 else {
      throw Failure.badData(
        "\(name): expected a multiple of \(length) bytes, the length of a record, "
          + "found \(file.count) bytes",
        hint: "get the file again")
    }
    for start in stride(from: 0, to: file.count, by: length) {
      let label = file[start + kind.labelBytes - 1]
      guard label < kind.classes else {
        throw Failure.badData(
          "\(name): expected labels from 0 to \(kind.classes - 1), found \(label) "
            + "for image \(start / length)")
      }
      labels.append(Int64(label))
      pixels += file[start + kind.labelBytes..<start + length]
    }
  }

  /// The class names in the data set's own file of names, if that file exists and is valid.
  private func classNames(_ kind: Kind, _ file: [UInt8]?) -> [String] {
    let lines = String(decoding: file ?? [], as: UTF8.self).split(whereSeparator: \.isNewline).map(
      String.init)
    guard lines.count == kind.classes, Set(lines).count == lines.count else {
      return kind == .ten ? Self.names : (0..<kind.classes).map(String.init)
    }
    return lines
  }

  /// The content of each file of a split that is present, and of the files with class names.
  private func contents(_ split: Split) throws -> [String: [UInt8]] {
    let wanted = Set(Kind.allCases.flatMap { $0.files(split) + [$0.namesFile] })
    var files: [String: [UInt8]] = [:]
    guard isArchive else {
      for name in wanted where Self.exists(name, in: url) {
        files[name] = [UInt8](try readFile(url.appending(path: name), limit: Self.largest))
      }
      return files
    }
    try TarArchive(url, limit: Self.largest).walk { path, size in
      let name = (path as NSString).lastPathComponent
      guard wanted.contains(name), files[name] == nil else { return nil }
      files[name] = []
      files[name]!.reserveCapacity(min(size, 1 << 25))
      return { files[name]! += $0 }
    }
    return files
  }
}
