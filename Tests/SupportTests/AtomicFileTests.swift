import Foundation
import Support
import Testing

@Suite("A file appears as a whole or not at all")
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

  @Test("parts are written at their offsets in any order, and appended text goes on where it was")
  func offsets() throws {
    let file = try AtomicFile(place)
    try file.append("ab")
    try file.write(Data("XYZ".utf8), at: 7)
    try file.write(Data("d".utf8), at: 3)
    try file.append("c")
    try file.write(Data(), at: 100)
    #expect(folder.names.count == 1)
    try file.commit()
    #expect(try Data(contentsOf: place) == Data("abcd\0\0\0XYZ".utf8))
    #expect(folder.names == ["result.csv"])
  }

  @Test("a part at an offset that no file reaches is refused, and nothing is left")
  func offsetTooLarge() throws {
    do {
      let file = try AtomicFile(place)
      try file.write(Data("fits".utf8), at: 1000)
      let failure = #expect(throws: Failure.self) {
        try file.write(Data("does not fit".utf8), at: Int.max - 2)
      }
      #expect(failure?.kind == .cannotWrite)
      #expect(failure?.message.hasPrefix("cannot write \(place.path): ") == true)
    }
    #expect(folder.names == [])
  }

  @Test("the folders above a file are created")
  func foldersAbove() throws {
    let deep = folder.appending("a/b/c.txt")
    try AtomicFile.write("deep", to: deep)
    #expect(text(of: deep) == "deep")
  }

  @Test("a file without a commit leaves nothing")
  func dropped() throws {
    do {
      let file = try AtomicFile(place)
      try file.append("half of it")
      #expect(folder.names.count == 1)
    }
    #expect(folder.names == [])
  }

  @Test("an old file stays until the commit, and stays if there is none")
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

  @Test("an empty file is written")
  func empty() throws {
    try AtomicFile.write("", to: place)
    #expect(text(of: place) == "")
  }

  @Test("a file of many megabytes is written as a whole")
  func large() throws {
    let content = Data((0..<(20 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 131) })
    try AtomicFile.write(content, to: place)
    #expect(try Data(contentsOf: place) == content)
  }

  @Test("a folder in place of the file is refused, and the temporary file is removed")
  func placeIsFolder() throws {
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: false)
    #expect(throws: Failure.cannotWrite("cannot write \(place.path): is a directory")) {
      try AtomicFile.write("text", to: place)
    }
    #expect(folder.names == ["result.csv"])
  }

  @Test("a folder that cannot be created is named, with a hint")
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
    "a folder without permission to write is refused, with a hint",
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
