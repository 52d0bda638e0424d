import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Whether two paths name the same existing file or folder, or would name the same new one.
package func isSameFile(_ a: URL, _ b: URL) -> Bool {
  var (first, second) = (stat(), stat())
  if stat(a.path, &first) == 0, stat(b.path, &second) == 0 {
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino
  }
  return a.standardizedFileURL.path == b.standardizedFileURL.path
}
