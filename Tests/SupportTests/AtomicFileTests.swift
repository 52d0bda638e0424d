import Foundation
import Support
import Testing

@Suite("A file appears whole or not at all")
struct AtomicFileTests {
  let folder = Folder()
  var place: URL { folder.appending("result.csv") }

  @Test("the file is in its place after commit, and nothing else is left")
  func commit() throws {
    let file = try AtomicFile(place)
    try file.append("one, ")
    try file.append(Data("two, ".utf8))
    try Array("three".utf8).withUnsafeBytes { try file.append($0) }
    #expect(!folder.names.contains("result.csv"))
    try file.commit()
    #expect(text(of: place) == "one, two, three")
    #expect(folder.names == ["result.csv"])
  }

  @Test("folders above it are made")
  func foldersAbove() throws {
    let deep = folder.appending("a/b/c.txt")
    try AtomicFile.write("deep", to: deep)
    #expect(text(of: deep) == "deep")
  }

  @Test("an instance dropped without commit leaves nothing")
  func dropped() throws {
    do {
      let file = try AtomicFile(place)
      try file.append("half of it")
      #expect(folder.names.count == 1)
    }
    #expect(folder.names == [])
  }

  @Test("the old file stays until commit, and stays for good if there is none")
  func overwrite() throws {
    try AtomicFile.write("old", to: place)
    do {
      let file = try AtomicFile(place)
      try file.append("new")
      #expect(text(of: place) == "old")
    }
    #expect(text(of: place) == "old")
    try AtomicFile.write("new", to: place)
    #expect(text(of: place) == "new")
    #expect(folder.names == ["result.csv"])
  }

  @Test("an empty file is a file")
  func empty() throws {
    try AtomicFile.write("", to: place)
    #expect(text(of: place) == "")
  }

  @Test("a file of many megabytes arrives whole")
  func large() throws {
    let content = Data((0..<(20 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 131) })
    try AtomicFile.write(content, to: place)
    #expect(try Data(contentsOf: place) == content)
  }

  @Test("a place that is a folder is refused with the system's reason, and the partial file goes")
  func placeIsFolder() throws {
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: false)
    #expect(throws: Failure.cannotWrite("cannot write \(place.path): is a directory")) {
      try AtomicFile.write("text", to: place)
    }
    #expect(folder.names == ["result.csv"])
  }

  @Test("a folder that cannot be made is named, with a hint")
  func folderUnderFile() throws {
    try AtomicFile.write("a file", to: folder.appending("file"))
    let failure = #expect(throws: Failure.self) {
      try AtomicFile(folder.appending("file/inside.csv"))
    }
    #expect(failure?.kind == .cannotWrite)
    #expect(
      failure?.message.hasPrefix("cannot create the folder \(folder.appending("file").path)")
        == true)
    #expect(failure?.hint == "choose a folder you may write to with --out")
  }

  @Test(
    "a folder one may not write to is refused, with a hint",
    .enabled(if: geteuid() != 0, "root may write everywhere"))
  func forbidden() throws {
    try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: folder.url.path)
    defer {
      try? FileManager.default.setAttributes(
        [.posixPermissions: 0o755], ofItemAtPath: folder.url.path)
    }
    let expected = Failure.cannotWrite(
      "cannot write \(place.path): permission denied",
      hint: "choose a folder you may write to with --out")
    #expect(throws: expected) { try AtomicFile.write("text", to: place) }
  }
}
