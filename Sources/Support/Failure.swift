/// An error that a user can act on. Its message says what was expected, what was found and where,
/// and its hint says what to do.
///
/// Every error that a public function of Crossfire throws on purpose is a `Failure`. The command
/// prints its description and exits with the status of its kind.
public struct Failure: Error, Equatable, CustomStringConvertible {
  /// The kind of an error. Its raw value is the exit status of the command, as in `sysexits.h`.
  public enum Kind: Int32, Sendable {
    case failed = 1
    case usage = 64
    case badData = 65
    case missing = 66
    case cannotWrite = 74
    /// The work is not done yet, and the same command may do more of it later: other processes do
    /// the rest, or a scheduler has asked to stop.
    case unfinished = 75
  }

  public let kind: Kind
  public let message: String
  public let hint: String?

  public init(_ kind: Kind, _ message: String, hint: String? = nil) {
    self.kind = kind
    self.message = message
    self.hint = hint
  }

  /// The message, with the hint, if there is one, on a second line.
  public var description: String {
    guard let hint else { return message }
    return message + "\n  hint: " + hint
  }

  /// Wrong use of the command or of a setting.
  public static func usage(_ message: String, hint: String? = nil) -> Failure {
    Failure(.usage, message, hint: hint)
  }

  /// A file whose content is not what its format or its reader requires.
  public static func badData(_ message: String, hint: String? = nil) -> Failure {
    Failure(.badData, message, hint: hint)
  }

  /// A file or a data set that is missing.
  public static func missing(_ message: String, hint: String? = nil) -> Failure {
    Failure(.missing, message, hint: hint)
  }

  /// A file that cannot be written.
  public static func cannotWrite(_ message: String, hint: String? = nil) -> Failure {
    Failure(.cannotWrite, message, hint: hint)
  }
}
