// crossfire-fuzz FORMAT|all COUNT [SEED]
//
// Reads COUNT damaged files of a format, made from good ones at random. Each must be read or
// refused with a message, within five seconds and a gigabyte of memory: the process ends by a
// signal otherwise, and the file that did it stays where the last line says.
import Datasets
import Foundation
import Support

let words = CommandLine.arguments.dropFirst()
guard words.count >= 2, let count = Int(words[words.startIndex + 1]) else {
  print(
    "crossfire-fuzz FORMAT|all COUNT [SEED]; formats: "
      + FuzzedFormat.all.map(\.name).joined(separator: ", "))
  exit(64)
}
let wanted = words.first!
let chosen = FuzzedFormat.all.filter { wanted == "all" || $0.name == wanted }
guard !chosen.isEmpty else {
  print("no format '\(wanted)'")
  exit(64)
}
let seed = Seed(words.dropFirst(2).first.flatMap(UInt64.init) ?? 1)

#if os(Linux)
  // What is written to, which is what counts; the engine's libraries alone map more than that.
  var limit = rlimit(rlim_cur: 1 << 30, rlim_max: 1 << 30)
  guard setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit) == 0 else {
    fatalError("no limit could be set")
  }
#endif

/// Ends the process by a signal when it has computed that long, or waited ten times as long; 0
/// calls that off.
///
/// Time of the processor counts, since others may be at work on the machine.
func watch(seconds: Int) {
  var timer = itimerval(
    it_interval: timeval(tv_sec: 0, tv_usec: 0), it_value: timeval(tv_sec: seconds, tv_usec: 0))
  #if os(Linux)
    setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &timer, nil)
  #else
    setitimer(ITIMER_PROF, &timer, nil)
  #endif
  alarm(UInt32(10 * seconds))
}

/// Reads the damaged files of one format; gives how many were read, and the longest time one took.
func run(_ format: FuzzedFormat) throws -> (accepted: Int, slowest: Double, strange: [String]) {
  let folder = FileManager.default.temporaryDirectory.appending(
    path: "crossfire-fuzz-\(getpid())-\(format.name)")
  try? FileManager.default.removeItem(at: folder)
  let place = folder.appending(path: format.path)
  try createFolder(place.deletingLastPathComponent())
  for (name, bytes) in format.others { try Data(bytes).write(to: folder.appending(path: name)) }
  if format.name == "npy" {
    // The labels beside the images are good.
    try Data(try format.seeds()[1]).write(to: folder.appending(path: "labels.npy"))
  }
  print("\(format.name): \(count) files, the last in \(place.path)")
  fflush(nil)
  let seeds = try format.seeds()
  let target = format.target.isEmpty ? folder : folder.appending(path: format.target)
  var (accepted, slowest, strange) = (0, 0.0, [String]())
  for round in 0..<count {
    var mutation = Mutation(seed.derive("\(format.name) \(round)"))
    try Data(format.wrap(mutation.apply(to: seeds))).write(to: place)
    watch(seconds: 5)
    let started = ContinuousClock.now
    do {
      try format.read(target)
      accepted += 1
    } catch is Failure {
    } catch {
      strange.append("round \(round) ended in \(error)")
    }
    watch(seconds: 0)
    slowest = max(slowest, (ContinuousClock.now - started).seconds)
  }
  try FileManager.default.removeItem(at: folder)
  return (accepted, slowest, strange)
}

var failed = false
for format in chosen {
  let (accepted, slowest, strange) = try run(format)
  var usage = rusage()
  #if os(Linux)
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let peak = usage.ru_maxrss / 1024
  #else
    getrusage(RUSAGE_SELF, &usage)
    let peak = usage.ru_maxrss >> 20
  #endif
  print(
    "\(format.name): \(count - accepted) refused, \(accepted) read, slowest "
      + "\(String(format: "%.2f", slowest)) s, peak memory of the process so far \(peak) MB")
  for line in strange.prefix(5) { print("  \(line)") }
  failed = failed || !strange.isEmpty
}
exit(failed ? 1 : 0)
