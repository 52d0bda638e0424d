import Foundation

/// The limit of processor time that Linux sets for a container or a job, as a number of processors.
///
/// The limit belongs to control groups, which lie within each other, and the smallest limit of all
/// groups around a process holds. Their folders are below `/sys/fs/cgroup`. Version 2 has the file
/// `cpu.max` with the microseconds of a quota and of its period, and version 1 has a file for each.
/// Source: the kernel's documentation, "Control Group v2" and "CFS Bandwidth Control".
enum ProcessorQuota {
  /// The limit of this process; nil if there is none, and on systems without control groups.
  /// - Parameter root: the root of the file system.
  static func read(root: URL = URL(filePath: "/")) -> Double? {
    guard let groups = text(root.appending(path: "proc/self/cgroup")) else { return nil }
    return groups.split(separator: "\n").flatMap { folders(ofGroup: $0, root) }
      .compactMap(quota).min()
  }

  /// The folders of a control group and of all groups around it.
  /// - Parameter line: a line of `/proc/self/cgroup`: a number, the names of controllers (none for
  ///   version 2) and the path of the group, with colons between them.
  private static func folders(ofGroup line: Substring, _ root: URL) -> [URL] {
    let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    guard fields.count == 3 else { return [] }
    let controllers = fields[1].split(separator: ",")
    guard controllers.isEmpty || controllers.contains("cpu") else { return [] }
    let top = root.appending(path: controllers.isEmpty ? "sys/fs/cgroup" : "sys/fs/cgroup/cpu")
    // Inside a container the path may lead to a folder that only its host has. The folders that exist
    // say what holds; `..` leads out of the container.
    let names = fields[2].split(separator: "/").prefix { $0 != ".." }
    return (0...names.count).map { depth in
      names.prefix(depth).reduce(top) { $0.appending(path: $1) }
    }
  }

  /// The limit of one control group; nil if it has none.
  private static func quota(of folder: URL) -> Double? {
    let files = [["cpu.max"], ["cpu.cfs_quota_us", "cpu.cfs_period_us"]]
    let texts = files.map { $0.compactMap { text(folder.appending(path: $0)) }.joined() }
    let words = texts.joined(separator: " ").split(whereSeparator: \.isWhitespace)
    // Without a limit, the quota is `max` or -1.
    guard words.count == 2, let quota = Int(words[0]), let period = Int(words[1]), quota > 0,
      period > 0
    else { return nil }
    return Double(quota) / Double(period)
  }

  private static func text(_ file: URL) -> String? {
    try? String(contentsOf: file, encoding: .utf8)
  }
}
