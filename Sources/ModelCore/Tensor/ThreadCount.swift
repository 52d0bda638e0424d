import CTorch
import Foundation

/// How many threads an operation uses if the user gives no number.
///
/// An explicit `OMP_NUM_THREADS` is obeyed as it is. Otherwise there is one thread for each processor
/// that the process may use. More threads than processors would take turns, and every operation
/// waits for its slowest thread.
struct ThreadCount: Equatable {
  /// The most threads that may be asked for, here as with `--threads`.
  static let most = 1024

  /// The value of `OMP_NUM_THREADS`: a number, or a list with one number for each level of nested
  /// parallel work, of which the first one counts. Anything else is ignored.
  var openMP: String?
  /// The value of `SLURM_CPUS_PER_TASK`: how many processors Slurm gives to a task. Anything but a
  /// number is ignored.
  var slurm: String?
  /// How many processors the process may run on.
  var processors: Int
  /// How many processors' time the process may use, which need not be a whole number; nil without a
  /// limit.
  var quota: Double?

  /// The number of threads, from 1 to `most`.
  ///
  /// A quota is rounded up. When it is used up, the system stops all threads until its next period
  /// begins, so with 1.5 processors two threads are 1.5 times as fast as one.
  var threads: Int {
    if let first = openMP?.split(separator: ",", omittingEmptySubsequences: false).first,
      let asked = Self.number(first)
    {
      return asked
    }
    let limits = [
      slurm.flatMap { Self.number($0) }, processors,
      quota.map { Int(min($0, Double(Self.most)).rounded(.up)) },
    ]
    return max(1, limits.compactMap(\.self).reduce(Self.most, min))
  }

  private static func number(_ text: some StringProtocol) -> Int? {
    Int(text.trimmingCharacters(in: .whitespaces)).flatMap { (1...most).contains($0) ? $0 : nil }
  }

  /// What the environment and the system say to this process.
  static var ofThisProcess: ThreadCount {
    let environment = ProcessInfo.processInfo.environment
    let processors = Int(ct_processors())
    return ThreadCount(
      openMP: environment["OMP_NUM_THREADS"], slurm: environment["SLURM_CPUS_PER_TASK"],
      processors: processors > 0 ? processors : ProcessInfo.processInfo.activeProcessorCount,
      quota: ProcessorQuota.read())
  }
}
