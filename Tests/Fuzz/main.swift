// crossfire-fuzz FORMAT|all COUNT [SEED]
//
// Reads COUNT randomly damaged files of a format. Each file must be read, or refused with a
// message, within five seconds and with at most 1 GB of memory. Otherwise the process ends by a
// signal, and the file stays at the place in the last line of the output.
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
  print("there is no format '\(wanted)'")
  exit(64)
}
let seed = Seed(words.dropFirst(2).first.flatMap(UInt64.init) ?? 1)

#if os(Linux)
  // RLIMIT_DATA limits private writable memory only: the libraries of the engine map more than 1
  // GB.
  var limit = rlimit(rlim_cur: 1 << 30, rlim_max: 1 << 30)
  guard setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit) == 0 else {
    fatalError("the limit of memory cannot be set")
  }
#endif

/// Ends the process by a signal after so many seconds of processor time, or ten times as many
/// seconds of any time. 0 cancels the timers.
///
/// Processor time is what counts, since other programs may run on the machine.
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

/// Reads the damaged files of one format.
/// - Returns: how many of them were read without an error, the longest time that one took in
///   seconds, and the errors other than `Failure`.
func run(_ format: FuzzedFormat) throws -> (accepted: Int, slowest: Double, strange: [String]) {
  let folder = FileManager.default.temporaryDirectory.appending(
    path: "crossfire-fuzz-\(getpid())-\(format.name)")
  try? FileManager.default.removeItem(at: folder)
  let place = folder.appending(path: format.path)
  try createFolder(place.deletingLastPathComponent())
  for (name, bytes) in format.others {
    let other = folder.appending(path: name)
    try createFolder(other.deletingLastPathComponent())
    try Data(bytes).write(to: other)
  }
  if format.name == "npy" {
    // The labels beside the damaged images are sound.
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
      try format.read(target.path + format.options)
      accepted += 1
    } catch is Failure {
    } catch {
      strange.append("round \(round) threw \(error)")
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
