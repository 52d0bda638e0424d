import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Whether a folder is on a file system that other machines may change, and that may therefore show
/// new files late.
package func isOnNetwork(_ folder: URL) -> Bool {
  #if canImport(Glibc)
    let table = (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? ""
    return isOnNetwork(folder.resolvingSymlinksInPath().path, mounts: table)
  #else
    var found = statfs()
    return statfs(folder.path, &found) == 0 && found.f_flags & UInt32(MNT_LOCAL) == 0
  #endif
}

/// Whether the mount with the longest path above a folder is a network file system.
/// - Parameter mounts: a line for each mount, as in `/proc/self/mounts`: device, path, type, ….
func isOnNetwork(_ folder: String, mounts: String) -> Bool {
  var best: (length: Int, type: Substring) = (-1, "")
  for line in mounts.split(separator: "\n") {
    let fields = line.split(separator: " ")
    guard fields.count > 2 else { continue }
    // The table writes a space in a path as \040.
    let place = fields[1].replacingOccurrences(of: "\\040", with: " ")
    let isAbove = place == "/" || folder == place || folder.hasPrefix(place + "/")
    // A later mount at the same place hides an earlier one.
    if isAbove, place.count >= best.length { best = (place.count, fields[2]) }
  }
  let kinds: Set<Substring> = [
    "nfs", "nfs4", "lustre", "beegfs", "gpfs", "cifs", "smb3", "ceph", "afs", "9p", "pvfs2",
    "wekafs",
    "panfs", "glusterfs",
  ]
  return kinds.contains(best.type) || best.type.hasPrefix("fuse.")
}
