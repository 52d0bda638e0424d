/// The version of Crossfire, which `crossfire --version` prints and which is stored in every file
/// it writes.
public let crossfireVersion = "0.1.0"
