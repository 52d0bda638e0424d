import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Which process wrote a file in a folder that several machines share.
///
/// The number of a process alone does not tell: two machines, and two containers on one machine, use
/// the same numbers. So the identity also holds the place in which the number is valid.
public struct ProcessIdentity: Codable, Equatable, Sendable {
  /// The name of the machine, for people.
  public let host: String
  /// A digest of the machine's name, its present start and the namespace of its process numbers.
  /// Only two processes of the same place can ask the system about each other.
  public let place: String
  public let process: Int32
  /// When the process started, in the system's own unit, so that a later process with the same number
  /// is not taken for it; nil where the system does not say.
  public let start: String?
  /// Random digits, which tell two identities apart in any case.
  public let random: String

  init(
    host: String = "", place: String, process: Int32, start: String? = nil, random: String = ""
  ) {
    self.host = host
    self.place = place
    self.process = process
    self.start = start
    self.random = random
  }

  /// The identity of this process.
  public static let current = ProcessIdentity(
    host: localHost, place: localPlace, process: getpid(),
    start: SystemProcess(getpid())?.start, random: randomDigits())

  /// Eight random hexadecimal digits.
  public static func randomDigits() -> String {
    String(UInt32.random(in: .min ... .max), radix: 16).leftPadded(to: 8)
  }

  /// Whether the process has ended; nil if this cannot be known here, because the process belongs to
  /// another machine or container, or because the system does not say when processes started and its
  /// number may belong to a later one.
  public var hasEnded: Bool? {
    guard place == Self.localPlace, process > 0 else { return nil }
    guard kill(process, 0) == 0 || errno == EPERM else { return true }
    guard let start, let found = SystemProcess(process) else { return nil }
    return found.isZombie || found.start != start
  }

  /// The machine's own name. `ProcessInfo.hostName` may ask a name server and wait for it.
  private static let localHost: String = {
    var name = [CChar](repeating: 0, count: 256)
    return gethostname(&name, name.count - 1) == 0
      ? String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) : ""
  }()

  private static let localPlace: String = {
    func line(_ path: String) -> String {
      (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }
    let space = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
    let parts = [
      localHost, line("/proc/sys/kernel/random/boot_id"), space ?? "",
    ]
    return String(Digest.hex(of: parts.joined(separator: "\n")).prefix(8))
  }()
}

/// What Linux says about a process in `/proc`; nil on other systems, and for a process that does not
/// exist.
private struct SystemProcess {
  let isZombie: Bool
  let start: String

  init?(_ process: Int32) {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
      let end = text.lastIndex(of: ")")
    else { return nil }
    // The name of the program, in parentheses, may contain spaces. After it come the state, which is
    // the third field, and all others; the start is the 22nd field.
    let fields = text[text.index(after: end)...].split(separator: " ")
    guard fields.count > 19 else { return nil }
    isZombie = fields[0] == "Z" || fields[0] == "X"
    start = String(fields[19])
  }
}

extension String {
  fileprivate func leftPadded(to width: Int) -> String {
    String(repeating: "0", count: max(0, width - count)) + self
  }
}
