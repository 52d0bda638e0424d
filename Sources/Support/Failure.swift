/// An error a user can act on: what was expected, what was found, where, and what to do about it.
///
/// Every error that leaves a public function of Crossfire on purpose is a `Failure`; the command
/// prints it on one line (two with a hint) and exits with its status.
public struct Failure: Error, Equatable, CustomStringConvertible {
  /// What went wrong in the terms of the exit status that a script sees (the numbers of
  /// `sysexits.h`).
  public enum Kind: Int32, Sendable {
    case failed = 1
    case usage = 64
    case badData = 65
    case missing = 66
    case cannotWrite = 74
  }

  public let kind: Kind
  public let message: String
  public let hint: String?

  public init(_ kind: Kind, _ message: String, hint: String? = nil) {
    self.kind = kind
    self.message = message
    self.hint = hint
  }

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

  /// A file or data set that is not there.
  public static func missing(_ message: String, hint: String? = nil) -> Failure {
    Failure(.missing, message, hint: hint)
  }

  /// A file that cannot be written.
  public static func cannotWrite(_ message: String, hint: String? = nil) -> Failure {
    Failure(.cannotWrite, message, hint: hint)
  }
}
