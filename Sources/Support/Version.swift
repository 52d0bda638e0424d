/// The version of Crossfire, as `crossfire --version` and every file it writes tell it.
public let crossfireVersion = "0.1.0"
