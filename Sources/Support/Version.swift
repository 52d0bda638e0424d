/// The version of Crossfire, as `crossfire --version` shows it and as every file that it writes
/// records it.
public let crossfireVersion = "0.1.0"
