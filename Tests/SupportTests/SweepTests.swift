import Foundation
import Support
import Testing

@Suite("Sweeping removes the temporary files of processes that have ended, and no others")
struct SweepTests {
  let folder = Folder()

  /// The number of a process that has ended.
  private func deadProcess() throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", "exit 0"]
    try process.run()
    process.waitUntilExit()
    return process.processIdentifier
  }

  private func put(_ name: String) throws {
    let file = folder.appending(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data("half".utf8).write(to: file)
  }

  @Test("temporary files of ended processes are removed, also in folders below")
  func dead() throws {
    let process = try deadProcess()
    try put(".grid.csv.\(process).partial")
    try put("models/.a.b.safetensors.\(process).partial")
    AtomicFile.sweep(folder.url)
    #expect(folder.names == ["models"])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.appending("models").path) == [])
  }

  @Test("temporary files of running processes stay: this process and process 1")
  func living() throws {
    let names = [".a.csv.1.partial", ".b.csv.\(getpid()).partial"]
    for name in names { try put(name) }
    AtomicFile.sweep(folder.url)
    #expect(folder.names == names.sorted())
  }

  @Test("a file that is being written is not removed and can be committed")
  func unfinished() throws {
    let file = try AtomicFile(folder.appending("grid.csv"))
    try file.append("text")
    AtomicFile.sweep(folder.url)
    try file.commit()
    #expect(text(of: folder.appending("grid.csv")) == "text")
  }

  @Test("other files with similar names stay")
  func others() throws {
    let process = try deadProcess()
    let names = [
      "grid.csv", "grid.\(process).csv", "my.partial", "notes.partial.txt", "x.word.partial",
    ]
    for name in names { try put(name) }
    AtomicFile.sweep(folder.url)
    #expect(folder.names == names.sorted())
  }

  @Test("a missing folder is not an error")
  func nowhere() {
    AtomicFile.sweep(folder.appending("nowhere"))
    #expect(folder.names == [])
  }
}
