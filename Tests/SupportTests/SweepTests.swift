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

  /// The name of a temporary file of a process of this machine, or of another place.
  private func name(_ file: String, _ process: Int32, place: String? = nil) -> String {
    ".\(file).\(place ?? ProcessIdentity.current.place)-\(process)-0123abcd.partial"
  }

  private func age(_ name: String, days: Double) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -86_400 * days)],
      ofItemAtPath: folder.appending(name).path)
  }

  @Test("temporary files of ended processes are removed, also in folders below")
  func dead() throws {
    let process = try deadProcess()
    try put(name("grid.csv", process))
    try put("models/" + name("a.b.safetensors", process))
    AtomicFile.sweep(folder.url)
    #expect(folder.names == ["models"])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.appending("models").path) == [])
  }

  @Test("temporary files of running processes stay: this process and process 1")
  func living() throws {
    let names = [name("a.csv", 1), name("b.csv", getpid())]
    for name in names { try put(name) }
    AtomicFile.sweep(folder.url)
    #expect(folder.names == names.sorted())
  }

  @Test("temporary files of other machines and containers stay until they are a day old")
  func elsewhere() throws {
    let process = try deadProcess()
    let (young, old) = (
      name("a.csv", process, place: "00000000"), name("b.csv", process, place: "00000000")
    )
    try put(young)
    try put(old)
    try age(young, days: 0.5)
    try age(old, days: 1.5)
    AtomicFile.sweep(folder.url)
    #expect(folder.names == [young])
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
      ".grid.csv.\(process).partial",
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
