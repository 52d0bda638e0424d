import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The right of one process to do a piece of work, among all processes on all machines that share a
/// folder.
///
/// A claim is a file that can be created only once (`O_CREAT | O_EXCL`), which all network file
/// systems guarantee, while locks work on some of them only, or only within one machine. It says who
/// holds it, and its holder changes the file's time every few seconds. A claim whose holder has ended
/// may be taken over: on the holder's machine at once, and elsewhere when the time has not changed for
/// two minutes.
///
/// Two processes can still hold a claim at the same time, for example after one has been stopped for
/// minutes. So the work itself must write beside and rename, with the same bytes.
public final class Claim: Sendable {
  /// Who holds a claim, and since when.
  public struct Holder: Codable, Sendable {
    public let process: ProcessIdentity
    /// The scheduler's number of the job, such as `1234_5`; nil outside of a scheduler.
    public let job: String?
    /// How often the scheduler had started this job before.
    public let restarts: Int?
    /// Seconds since 1970.
    public let since: Double

    /// `process 123 on node7`, or `job 1234_5 on node7`.
    public var description: String {
      (job.map { "job \($0)" } ?? "process \(process.process)") + " on \(process.host)"
    }
  }

  /// The seconds between two changes of a claim's time.
  static let interval = 10
  /// The seconds without a change after which a claim on another machine is abandoned. Network file
  /// systems may show times that are up to a minute old.
  static let patience = 120.0

  private let file: URL
  private let descriptor: Int32

  /// Takes a claim.
  /// - Returns: nil if another process holds it.
  /// - Throws: `Failure.cannotWrite` if the file cannot be created.
  public init?(_ file: URL) throws {
    self.file = file
    try createFolder(file.deletingLastPathComponent())
    // A claim that is abandoned is removed, and then all who want it compete for it again.
    var opened = Self.create(file)
    if opened < 0, errno == EEXIST {
      guard try Self.removeIfAbandoned(file) else { return nil }
      opened = Self.create(file)
    }
    guard opened >= 0 else {
      let reason = errno
      if reason == EEXIST { return nil }
      throw Failure.cannotWrite(
        "cannot write \(file.path): \(systemReason(reason))",
        hint: "choose a folder you may write to with --out")
    }
    descriptor = opened
    Interruption.willWrite(file.path)
    let text = (try? JSONEncoder().encode(Holder.current)) ?? Data()
    let written = text.withUnsafeBytes { systemWrite(opened, $0) }
    guard written == text.count else {
      // Leaving the initializer removes the file.
      throw Failure.cannotWrite(
        "cannot write \(file.path): \(systemReason())", hint: "free some space")
    }
    Heartbeat.shared.add(descriptor)
  }

  deinit {
    Heartbeat.shared.remove(descriptor)
    // If the claim was taken over, the file at its place is another one.
    var (own, there) = (stat(), stat())
    if fstat(descriptor, &own) == 0, stat(file.path, &there) == 0, own.st_dev == there.st_dev,
      own.st_ino == there.st_ino
    {
      unlink(file.path)
    }
    close(descriptor)
    Interruption.didWrite(file.path)
  }

  private static func create(_ file: URL) -> Int32 {
    open(file.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
  }

  /// Who holds a claim; nil if nobody does, or if its holder has ended.
  /// - Parameter clock: the clock of the claim's folder, which several looks may share.
  public static func holder(of file: URL, clock: FolderClock? = nil) -> Holder? {
    guard let found = ClaimFile(file, clock), !found.isAbandoned else { return nil }
    return found.holder
  }

  /// Removes a claim whose holder has ended.
  /// - Returns: whether the claim is free now.
  private static func removeIfAbandoned(_ file: URL) throws -> Bool {
    guard let found = ClaimFile(file) else { return true }
    guard found.isAbandoned else { return false }
    // Several processes may come here at once, and one of them may hold the claim anew already. So
    // the file is moved away and looked at again, and put back if it is not the abandoned one.
    let aside = AtomicFile.temporary(beside: file)
    guard rename(file.path, aside.path) == 0 else {
      if errno == ENOENT { return true }
      throw Failure.cannotWrite(
        "cannot take over \(file.path), whose process has ended: \(systemReason())",
        hint: "remove the file, or choose another folder with --out")
    }
    defer { unlink(aside.path) }
    if let moved = ClaimFile(aside), !moved.isSame(as: found) {
      link(aside.path, file.path)
      return false
    }
    return true
  }
}

extension Claim.Holder {
  /// This process. Slurm's array tasks are named as `squeue` names them.
  static var current: Claim.Holder {
    let words = ProcessInfo.processInfo.environment
    let array = words["SLURM_ARRAY_JOB_ID"].flatMap { job in
      words["SLURM_ARRAY_TASK_ID"].map { "\(job)_\($0)" }
    }
    return Claim.Holder(
      process: .current, job: array ?? words["SLURM_JOB_ID"],
      restarts: words["SLURM_RESTART_COUNT"].flatMap { Int($0) },
      since: Date().timeIntervalSince1970)
  }
}

/// The present time of the file system of a folder, by whose clock the times of its files are set. It
/// may differ from this machine's clock.
public final class FolderClock {
  private let folder: URL

  public init(_ folder: URL) { self.folder = folder }

  /// Seconds since 1970 at the first call: the time of a new file. Where none can be written it is
  /// this machine's time.
  private(set) lazy var now: Double = {
    let probe = AtomicFile.temporary(beside: folder.appending(path: "clock"))
    let descriptor = open(probe.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { return Date().timeIntervalSince1970 }
    defer {
      close(descriptor)
      unlink(probe.path)
    }
    var made = stat()
    return fstat(descriptor, &made) == 0 ? made.modified : Date().timeIntervalSince1970
  }()
}

/// A claim as it is found in a folder.
private struct ClaimFile {
  /// nil for a claim whose holder has not written its name yet, or was killed before.
  let holder: Claim.Holder?
  /// The number of the file in its file system.
  private let node: UInt64
  private let modified: Double
  private let clock: FolderClock

  /// The largest file that is read: no claim is as large.
  private static let mostBytes = 65_536

  /// - Returns: nil if there is no such file.
  init?(_ file: URL, _ clock: FolderClock? = nil) {
    // Opening a file makes network file systems ask the server for its present time. What is not a
    // file is opened without waiting for a writer, and counts as a claim without a name.
    let descriptor = open(file.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var found = stat()
    guard fstat(descriptor, &found) == 0 else { return nil }
    node = UInt64(truncatingIfNeeded: found.st_ino)
    modified = found.modified
    var bytes = [UInt8](repeating: 0, count: Self.mostBytes)
    let length = found.st_mode & S_IFMT == S_IFREG ? read(descriptor, &bytes, bytes.count) : 0
    holder = try? JSONDecoder().decode(
      Claim.Holder.self, from: Data(bytes.prefix(max(0, length))))
    self.clock = clock ?? FolderClock(file.deletingLastPathComponent())
  }

  /// Whether two looks have found the same claim. A new file may get the number of a removed one.
  func isSame(as other: ClaimFile) -> Bool {
    node == other.node && holder?.process == other.holder?.process
      && holder?.since == other.holder?.since
  }

  /// Whether the holder has ended.
  var isAbandoned: Bool {
    if let hasEnded = holder?.process.hasEnded { return hasEnded }
    // The seconds since the holder last changed the time.
    let age = clock.now - modified
    // The scheduler has started the same job again, so its earlier start is over, or soon will be.
    let own = Claim.Holder.current
    if let job = holder?.job, job == own.job, holder?.restarts != own.restarts {
      return age > 2.5 * Double(Claim.interval)
    }
    return age > Claim.patience
  }
}

extension stat {
  /// The time of the last change, in seconds since 1970.
  fileprivate var modified: Double {
    #if canImport(Glibc)
      Double(st_mtim.tv_sec) + Double(st_mtim.tv_nsec) * 1e-9
    #else
      Double(st_mtimespec.tv_sec) + Double(st_mtimespec.tv_nsec) * 1e-9
    #endif
  }
}
