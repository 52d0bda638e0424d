import Foundation

/// Measures pieces of work in turns. If the machine gets slower or faster meanwhile, it does so for
/// all of them.
struct Stopwatch {
  /// The seconds of each piece, as the median over the rounds, after one round to warm up.
  static func interleaved(_ rounds: Int, _ pieces: [() -> Void]) -> [Double] {
    for piece in pieces { piece() }
    var times = [[Double]](repeating: [], count: pieces.count)
    for _ in 0..<rounds {
      for (index, piece) in pieces.enumerated() { times[index].append(seconds(piece)) }
    }
    return times.map { $0.sorted()[$0.count / 2] }
  }

  /// The seconds of one piece.
  static func seconds(_ piece: () throws -> Void) rethrows -> Double {
    let started = ContinuousClock.now
    try piece()
    let parts = (ContinuousClock.now - started).components
    return Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
  }
}

/// The peak memory of this process so far, in megabytes.
func peakMegabytes() -> Double {
  var usage = rusage()
  #if os(Linux)
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_maxrss) / 1024
  #else
    getrusage(RUSAGE_SELF, &usage)
    return Double(usage.ru_maxrss) / 1_048_576
  #endif
}

/// Prints a name, a value and a note on one line.
func line(_ name: String, _ value: String, _ note: String = "") {
  let padded = name.padding(toLength: 44, withPad: " ", startingAt: 0)
  print(padded + value + (note.isEmpty ? "" : "  (\(note))"))
}

/// A number with a fixed number of decimals.
func decimals(_ value: Double, _ count: Int = 2) -> String { String(format: "%.\(count)f", value) }
