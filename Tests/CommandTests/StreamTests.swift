import Foundation
import TestSupport
import Testing

/// `/dev/full` is a device of Linux that takes no byte.
@Suite(
  "Standard output and standard error that cannot be written",
  .enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
struct StreamTests {
  private static let gone = "exec 2> >(exec true); sleep 0.5"

  @Test(
    "a message that cannot be written changes neither the status nor the results",
    arguments: ["exec 2>/dev/full", "exec 2>&-", gone])
  func errors(_ redirection: String) throws {
    let missing = try Command.run(
      "evaluate", "--model", "/nowhere/m.pt", "--data", "synthetic", limits: redirection)
    #expect(missing.status == 66)
    let misspelt = try Command.run("evaluat", limits: redirection)
    #expect(misspelt.status == 64)

    let folder = TemporaryFolder()
    let file = folder.appending("small.yaml")
    try smallExperiment.write(to: file, atomically: true, encoding: .utf8)
    let run = { (name: String, redirection: String) in
      try Command.run(
        "run", file.path, "--out", folder.appending(name).path, "--threads", "1",
        limits: redirection)
    }
    #expect(try run("lost", redirection).status == 0)
    #expect(try run("quiet", "exec 2>/dev/null").status == 0)
    let (lost, quiet) = (
      try contents(of: folder.appending("lost")), try contents(of: folder.appending("quiet"))
    )
    #expect(lost.keys.sorted() == quiet.keys.sorted())
    for name in ["grid.csv", "models/a.safetensors", "experiment.yaml"] {
      #expect(lost[name] == quiet[name], "\(name)")
    }
  }

  @Test(
    "a result that cannot be written ends with status 74 and a message",
    arguments: ["exec >/dev/full", "exec >&-"])
  func results(_ redirection: String) throws {
    for arguments in [["list", "attacks"], ["--help"], ["list", "architectures", "--json"]] {
      let result = try Command(arguments, limits: redirection).wait()
      #expect(result.status == 74, "\(arguments)")
      #expect(
        result.errors.contains("crossfire: cannot write the result to standard output"),
        "\(result.errors)")
    }
  }

  @Test(
    "if nobody reads the result any more, the command ends with status 74 and without a message")
  func reader() throws {
    let result = try Command.run("list", "attacks", limits: "exec > >(exec true); sleep 0.5")
    #expect(result.status == 74)
    #expect(result.errors == "")
  }

  @Test("a run whose summary cannot be written still writes all its files")
  func summary() throws {
    let folder = TemporaryFolder()
    let file = folder.appending("small.yaml")
    try smallExperiment.write(to: file, atomically: true, encoding: .utf8)
    let result = try Command.run(
      "run", file.path, "--out", folder.appending("out").path, "--threads", "1",
      limits: "exec >/dev/full")
    #expect(result.status == 74)
    #expect(try contents(of: folder.appending("out"))["report/index.html"] != nil)
  }
}
