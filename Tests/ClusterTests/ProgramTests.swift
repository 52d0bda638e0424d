import Foundation
import Support
import TestSupport
import Testing

@testable import Cluster

@Suite("External programs")
struct ProgramTests {
  private let folder = TemporaryFolder()

  private func program(_ text: String) throws -> Program {
    let file = folder.appending("tool")
    try "#!/bin/bash\n\(text)\n".write(to: file, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
    return Program(name: "tool", path: "/nowhere:\(folder.url.path):/usr/bin")
  }

  @Test("arguments arrive as they are, and much output is read")
  func arguments() throws {
    let words = ["a b", "'\"$x`", "-n", "ü\n", ""]
    let echo = try program("printf '%s|' \"$@\"; head -c 1000000 /dev/zero >&2")
    let result = try echo.run(words)
    #expect(result.output == words.map { $0 + "|" }.joined())
    #expect(result.errors.utf8.count == 1_000_000 && result.status == 0)
  }

  @Test("a program that is missing, refuses or hangs is an error that says so")
  func failures() throws {
    #expect { try Program(name: "no-such-tool", path: "/usr/bin").run([]) } throws: {
      "\($0)".contains("no-such-tool is not installed")
    }
    let refusing = try program("echo 'tool: error: invalid partition' >&2; exit 1")
    #expect { try refusing.output([]) } throws: { "\($0)".contains("invalid partition") }
    var hanging = try program("sleep 100")
    hanging.limit = .milliseconds(300)
    let started = ContinuousClock.now
    #expect { try hanging.run([]) } throws: { "\($0)".contains("did not answer") }
    #expect(ContinuousClock.now - started < .seconds(50))
  }

  @Test("variables that would change the answers of Slurm's commands are removed, and no others")
  func environment() {
    let kept = ["PATH", "SLURM_CONF", "SLURM_JWT", "SLURM_CLUSTERS", "SBATCH_PARTITION"]
    let removed = ["SBATCH_WAIT", "SCANCEL_STATE", "SQUEUE_FORMAT", "SLURM_JOB_ID"]
    let all = Dictionary(uniqueKeysWithValues: (kept + removed).map { ($0, "1") })
    #expect(Set(Program.environment(from: all).keys) == Set(kept + ["LC_ALL"]))
  }

  @Test("a word of a shell is quoted where it has to be")
  func words() {
    #expect("/a/b-c_1.yaml".shellWord == "/a/b-c_1.yaml")
    #expect("it's".shellWord == "'it'\\''s'" && "".shellWord == "''" && "a b".shellWord == "'a b'")
    #expect("~/a".shellWord == "'~/a'" && "ü".shellWord == "'ü'")
  }
}
