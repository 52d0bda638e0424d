import Foundation
import TestSupport
import Testing

@Suite("A setting under its former name is read, and the user is told its new name")
struct NoticeTests {
  private let folder = TemporaryFolder()

  /// Writes an experiment whose numbers of images have the given name.
  private func experiment(_ file: String, _ name: String) throws -> String {
    let text = """
      data: { name: synthetic, train: 200, test: 60 }
      models: { a: { architecture: mlp, epochs: 1 } }
      attacks:
        fgsm: { epsilons: [0.1], \(name): 10 }
        sign-noise: { epsilons: [0.1] }
      \(name): 20
      """
    let url = folder.appending(file)
    try text.write(to: url, atomically: true, encoding: .utf8)
    return url.path
  }

  private let notices = [
    "former.yaml:4: 'examples' is now called 'count'",
    "former.yaml:6: 'examples' is now called 'count'",
  ]

  @Test("an experiment with 'examples' runs as with 'count', and the notices are on standard error")
  func run() throws {
    let results = try [("former", "examples"), ("new", "count")].map { file, name in
      try Command.run(
        "run", experiment("\(file).yaml", name), "--out", folder.appending(file).path, "--threads",
        "1")
    }
    for result in results { #expect(result.status == 0, "\(result.errors)") }
    for notice in notices {
      #expect(results[0].errors.contains(notice), "\(results[0].errors)")
      #expect(!results[0].output.contains(notice))
    }
    #expect(!results[1].errors.contains("is now called"), "\(results[1].errors)")
    let former = try contents(of: folder.appending("former"))
    let new = try contents(of: folder.appending("new"))
    for path in ["experiment.yaml", "grid.csv", "predictions/fgsm.a.safetensors"] {
      #expect(former[path] != nil && former[path] == new[path], "\(path)")
    }
  }

  @Test("a dry run and crossfire tune show the notices, too")
  func others() throws {
    let file = try experiment("former.yaml", "examples")
    let dry = try Command.run(
      "run", file, "--out", folder.appending("out").path, "--dry-run", "--threads", "1")
    #expect(dry.status == 0, "\(dry.errors)")
    // The tuning ends at once because the experiment has no such model.
    let tuning = try Command.run(
      "tune", file, "--model", "b", "--reference", "a", "--values", "1", "--out",
      folder.appending("tuned").path)
    #expect(tuning.status == 64, "\(tuning.errors)")
    for notice in notices {
      #expect(dry.errors.contains(notice), "\(dry.errors)")
      #expect(tuning.errors.contains(notice), "\(tuning.errors)")
    }
  }
}
