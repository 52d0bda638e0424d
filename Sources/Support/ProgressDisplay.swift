import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The progress of a task, its speed and the remaining time, on standard error.
///
/// On a terminal it is one line that is redrawn. Otherwise it is a new line every ten seconds.
public final class ProgressDisplay: @unchecked Sendable {
  /// The form of the display.
  public enum Style: Sendable {
    /// Nothing is shown.
    case quiet
    /// A new line every ten seconds.
    case lines
    /// One line that is redrawn, with a bar.
    case bar

    /// A bar if standard error is a terminal that can redraw a line, otherwise lines.
    public static var automatic: Style {
      isatty(2) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb" ? .bar : .lines
    }
  }

  private let style: Style
  private let clock = ContinuousClock()
  private let lock = NSLock()
  private var title = ""
  private var unit = ""
  private var total = 0
  private var started: ContinuousClock.Instant
  private var lastShown: ContinuousClock.Instant
  private var firstDone = 0

  public init(_ style: Style) {
    self.style = style
    started = clock.now
    lastShown = started
  }

  /// Begins a task. On a terminal it is shown at once, since its first unit may take long.
  /// - Parameters:
  ///   - total: the number of units (images, bytes, …).
  ///   - done: the number of units that are done already, for example before an interruption.
  public func begin(_ title: String, total: Int, unit: String, done: Int = 0) {
    lock.withLock {
      self.title = title
      self.total = max(total, 1)
      self.unit = unit
      firstDone = done
      started = clock.now
      lastShown = started - .seconds(60)
      if style == .bar { show(Double(done), "", elapsed: 0) }
    }
  }

  /// Reports progress.
  /// - Parameters:
  ///   - done: the number of units that are done.
  ///   - remark: a short text to show, for example the loss and the accuracy.
  public func update(_ done: Int, _ remark: @autoclosure () -> String = "") {
    update(Double(done), remark())
  }

  /// Reports progress, of which the last unit may be done in part.
  public func update(_ done: Double, _ remark: @autoclosure () -> String = "") {
    lock.withLock {
      let now = clock.now
      let wait: Duration = style == .bar ? .milliseconds(100) : .seconds(10)
      // The first line also waits, because a short task needs none.
      if style == .lines && now - started < wait { return }
      guard style != .quiet, now - lastShown >= wait else { return }
      lastShown = now
      show(done, remark(), elapsed: (now - started).seconds)
    }
  }

  /// Ends the task, and replaces its display by a line that stays; nil for none.
  public func end(_ summary: String?) {
    lock.withLock {
      guard style != .quiet else { return }
      let clear = style == .bar ? "\r\u{1B}[K" : ""
      write(clear + (summary.map { $0 + "\n" } ?? ""))
    }
  }

  /// Shows a line that stays.
  public func note(_ line: String) { end(line) }

  private func show(_ done: Double, _ remark: String, elapsed: Double) {
    let fraction = min(1, done / Double(total))
    let rate = (done - Double(firstDone)) / max(elapsed, 1e-3)
    let left = rate > 0 ? max(0, Double(total) - done) / rate : 0
    let speed = rate > 0 ? "\(rate.compact) \(unit)/s  \(Self.time(left)) left" : ""
    let percent = "\(Int(fraction * 100))%"
    guard style == .bar else {
      return write("\(title)  \(percent)  \(speed)  \(remark)\n")
    }
    let words = "\(percent)  \(speed)  \(remark)"
    // The bar fills the part of the line that the words leave.
    let cells = max(4, min(24, Self.width - title.count - words.count - 4))
    let full = Int(fraction * Double(cells))
    let bar = String(repeating: "━", count: full) + String(repeating: "╌", count: cells - full)
    let line = "\(title)  \(bar) \(words)"
    write("\r\u{1B}[K" + String(line.prefix(Self.width - 1)))
  }

  private func write(_ text: String) { Console.report(text) }

  private static var width: Int {
    var size = winsize()
    return ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 20 ? Int(size.ws_col) : 80
  }

  /// A duration, rounded up to a whole second: "45 s", "3:20 min" or "2:05 h".
  public static func time(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded(.up))
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60):\(two(whole % 60)) min" }
    return "\(whole / 3600):\(two(whole / 60 % 60)) h"
  }

  /// A duration that is only estimated, rounded up: "45 s", "4 min" or "2 h 5 min".
  public static func roughTime(_ seconds: Double) -> String {
    guard seconds > 59 else { return time(seconds) }
    let minutes = Int((seconds / 60).rounded(.up))
    guard minutes >= 60 else { return "\(minutes) min" }
    return "\(minutes / 60) h" + (minutes % 60 == 0 ? "" : " \(minutes % 60) min")
  }
}

extension Duration {
  /// The duration in seconds.
  public var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

extension Double {
  /// The number with about three significant digits: 12345 is "12,300", and 3.14159 is "3.14".
  fileprivate var compact: String {
    if self >= 100 {
      let unit = pow(10, Foundation.floor(log10(self)) - 2)
      var digits = String(Int((self / unit).rounded() * unit))
      for place in stride(from: digits.count - 3, to: 0, by: -3) {
        digits.insert(",", at: digits.index(digits.startIndex, offsetBy: place))
      }
      return digits
    }
    if self >= 10 { return String(format: "%.1f", self) }
    return self >= 0.1 ? String(format: "%.2f", self) : String(format: "%.2g", self)
  }
}
