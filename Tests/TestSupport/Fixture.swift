import Foundation

/// The fixtures of the tests of ModelCore, which scripts/foreign_models.py and
/// scripts/architectures_reference.py wrote.
public enum Fixture {
  public static func file(_ name: String) -> URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "ForeignModelsTests/Fixtures/\(name)")
  }

  public static func text(_ name: String) throws -> String {
    try String(contentsOf: file(name), encoding: .utf8)
  }
}
