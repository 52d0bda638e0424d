import Foundation
import Testing

@testable import Support

@Suite("A claim belongs to one process at a time, and to nobody after its holder has ended")
struct ClaimTests {
  let folder = Folder()
  private var place: URL { folder.appending("claims/model a") }

  /// Puts a claim there that another process holds.
  /// - Parameter age: the seconds since it last changed the time.
  private func put(_ process: ProcessIdentity, job: String? = nil, age: Double = 0) throws {
    try FileManager.default.createDirectory(
      at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
    let holder = Claim.Holder(process: process, job: job, restarts: nil, since: 0)
    try JSONEncoder().encode(holder).write(to: place)
    try grow(older: age)
  }

  private func grow(older age: Double) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: place.path)
  }

  /// A process of another machine.
  private let foreign = ProcessIdentity(
    host: "elsewhere", place: "00000000", process: 1, random: "1")

  private func deadProcess() throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", "exit 0"]
    try process.run()
    process.waitUntilExit()
    return process.processIdentifier
  }

  @Test("a second claim is refused until the first is released")
  func exclusive() throws {
    var first = try Claim(place)
    #expect(first != nil)
    #expect(try Claim(place) == nil)
    #expect(Claim.holder(of: place)?.process.process == getpid())
    withExtendedLifetime(first) {}
    first = nil
    #expect(Claim.holder(of: place) == nil)
    #expect(!FileManager.default.fileExists(atPath: place.path))
    #expect(try Claim(place) != nil)
  }

  @Test("of many threads that want a claim at once, one gets it")
  func manyAtOnce() async throws {
    let place = place
    for _ in 0..<20 {
      let claims = try await withThrowingTaskGroup(of: Claim?.self) { group in
        for _ in 0..<16 { group.addTask { try Claim(place) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(claims.compactMap { $0 }.count == 1)
      withExtendedLifetime(claims) {}
    }
  }

  @Test("the claim of a process of this machine that has ended is taken over at once")
  func ended() throws {
    let own = ProcessIdentity.current
    try put(ProcessIdentity(place: own.place, process: try deadProcess(), random: "1"))
    #expect(Claim.holder(of: place) == nil)
    #expect(try Claim(place) != nil)
  }

  @Test("a later process with the same number is not taken for the holder")
  func numberUsedAgain() throws {
    let own = ProcessIdentity.current
    try #require(own.start != nil, "this system does not say when a process started")
    try put(ProcessIdentity(place: own.place, process: getpid(), start: "1", random: "1"))
    #expect(Claim.holder(of: place) == nil)
  }

  @Test("the claim of a process of this machine that lives is kept, however old its time is")
  func stopped() throws {
    let own = ProcessIdentity.current
    try put(
      ProcessIdentity(place: own.place, process: getpid(), start: own.start, random: "1"),
      age: 100_000)
    #expect(Claim.holder(of: place) != nil)
    #expect(try Claim(place) == nil)
  }

  @Test("a claim of another machine is taken over when its time has not changed for two minutes")
  func elsewhere() throws {
    try put(foreign, age: 60)
    #expect(try Claim(place) == nil)
    #expect(Claim.holder(of: place)?.description == "process 1 on elsewhere")
    try grow(older: 125)
    #expect(Claim.holder(of: place) == nil)
    #expect(try Claim(place) != nil)
  }

  @Test("a claim without a name, of a process that was killed while it took it, lasts two minutes")
  func empty() throws {
    try put(foreign)
    try Data().write(to: place)
    #expect(try Claim(place) == nil)
    try grow(older: 125)
    #expect(try Claim(place) != nil)
  }

  @Test("a damaged claim counts as one without a name", arguments: ["{", "null", "\u{0}\u{ff}"])
  func damaged(_ text: String) throws {
    try put(foreign)
    try Data(text.utf8).write(to: place)
    #expect(try Claim(place) == nil)
    try grow(older: 125)
    #expect(try Claim(place) != nil)
  }

  @Test("a holder that has lost its claim does not remove that of its successor")
  func successor() throws {
    var first = try Claim(place)
    try FileManager.default.removeItem(at: place)
    let second = try Claim(place)
    withExtendedLifetime(first) {}
    first = nil
    #expect(FileManager.default.fileExists(atPath: place.path))
    withExtendedLifetime(second) {}
  }

  @Test("nothing but the claim stays in the folder")
  func tidy() throws {
    try put(foreign, age: 125)
    let claim = try Claim(place)
    _ = Claim.holder(of: place)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.appending("claims").path)
        == ["model a"])
    withExtendedLifetime(claim) {}
  }

  @Test("a folder that cannot be written is an error with the path")
  func unwritable() throws {
    try Data().write(to: folder.appending("claims"))
    #expect(throws: Failure.self) { try Claim(place) }
  }
}

@Suite("Network file systems are known by the table of mounts")
struct NetworkFolderTests {
  private let mounts = """
    /dev/vda / ext4 rw 0 0
    server:/home /home nfs4 rw 0 0
    tmpfs /home/local tmpfs rw 0 0
    beegfs /big\\040disk beegfs rw 0 0
    sshfs /mnt/far fuse.sshfs rw 0 0
    """

  @Test(
    "the longest mount above the folder decides",
    arguments: [
      ("/", false), ("/tmp/x", false), ("/home", true), ("/home/a/b", true), ("/homes/a", false),
      ("/home/local/x", false), ("/big disk/run", true), ("/mnt/far/x", true),
    ])
  func longest(_ folder: String, _ expected: Bool) {
    #expect(isOnNetwork(folder, mounts: mounts) == expected)
  }
}
