import Foundation
import TestSupport
import Testing

@Suite("The options --steps and --dry-run of crossfire run")
struct StepsTests {
  private func file(_ folder: TemporaryFolder, _ text: String = smallExperiment) throws -> String {
    let file = folder.appending("small.yaml")
    try text.write(to: file, atomically: true, encoding: .utf8)
    return file.path
  }

  @Test("steps in separate processes, in any possible order, write the same bytes as one run")
  func sharedFolder() throws {
    let folder = TemporaryFolder()
    let (whole, shared) = (folder.appending("whole"), folder.appending("shared"))
    let experiment = try file(folder)
    func steps(_ names: String...) throws -> Command.Result {
      try Command(["run", experiment, "--out", shared.path, "--threads", "1", "--steps"] + names)
        .wait()
    }
    let early = try steps("attack fgsm from a")
    #expect(
      early.status == 1
        && early.errors.contains(
          "2 steps have not been done, and selected steps need them: 'model a', 'model b'"),
      "\(early)"
    )
    #expect(try steps("model b").status == 0)
    #expect(try steps("model a", "probe *").status == 0)
    #expect(try steps("attack * from b").status == 0)
    let unfinished = try steps("report")
    #expect(
      unfinished.status == 1 && unfinished.errors.contains("from a'"),
      "\(unfinished)")
    #expect(try steps("attack * from a").status == 0)
    #expect(try steps("report").status == 0)
    #expect(try Command.run("run", experiment, "--out", whole.path, "--threads", "1").status == 0)
    #expect(try contents(of: shared) == contents(of: whole))
  }

  @Test("the report of stored results is the same whichever machine writes it")
  func report() throws {
    let folder = TemporaryFolder()
    let (first, second) = (folder.appending("first"), folder.appending("second"))
    let experiment = try file(folder)
    func run(_ out: URL, _ threads: String, _ steps: String...) throws {
      let result = try Command(
        ["run", experiment, "--out", out.path, "--threads", threads, "--steps"] + steps
      ).wait()
      #expect(result.status == 0, "\(result.errors)")
    }
    try run(first, "1", "model *", "attack *", "probe *")
    try FileManager.default.copyItem(at: first, to: second)
    try run(first, "1", "report")
    try run(second, "2", "report")
    let (files, others) = (try contents(of: first), try contents(of: second))
    #expect(files.keys.sorted() == others.keys.sorted())
    #expect(files.filter { others[$0.key] != $0.value }.keys.sorted() == [])
    let grid = String(decoding: files["grid.json"] ?? Data(), as: UTF8.self)
    #expect(grid.matches(of: /"threads" : 1\b/).count == 2 && !grid.contains("\"threads\" : 2"))
    let shown = try Command.output("inspect", second.path)
    #expect(shown.contains(", cpu, 1 thread\n"), "\(shown)")
  }

  @Test(
    "steps of another experiment than the folder's, and unknown steps, are refused"
  )
  func refusals() throws {
    let folder = TemporaryFolder()
    let out = folder.appending("out").path
    #expect(
      try Command.run("run", file(folder), "--out", out, "--threads", "1", "--steps", "model a")
        .status == 0)
    let other = try Command.run(
      "run", file(folder, smallExperiment.replacing("seed: 3", with: "seed: 8")), "--out", out,
      "--steps", "model b")
    #expect(other.status == 1 && other.errors.contains("another experiment"), "\(other)")
    let wrong = try Command.run("run", file(folder), "--out", out, "--steps", "modl a")
    #expect(wrong.status == 64 && wrong.errors.contains("did you mean 'model a'?"), "\(wrong)")
  }

  @Test("a dry run estimates the time of every step, says which are done, and writes nothing")
  func dryRun() throws {
    struct Estimate: Decodable {
      let name: String
      let needs: [String]
      let done: Bool
      let seconds: Double?
    }
    struct Plan: Decodable { let steps: [Estimate] }
    let folder = TemporaryFolder()
    let out = folder.appending("out")
    func estimates() throws -> [String: Estimate] {
      let result = try Command.run(
        "run", file(folder), "--out", out.path, "--threads", "1", "--dry-run", "--json")
      let all = try JSONDecoder().decode(Plan.self, from: Data(result.output.utf8)).steps
      return Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
    }
    let before = try estimates()
    #expect(!FileManager.default.fileExists(atPath: out.path))
    for step in ["model a", "attack fgsm from b"] {
      #expect(try #require(before[step]?.seconds) > 0 && before[step]?.done == false)
    }
    #expect(try Command.run("run", file(folder), "--out", out.path, "--threads", "1").status == 0)
    let after = try estimates()
    for step in ["model a", "attack fgsm from b"] {
      #expect(after[step]?.done == true && after[step]?.seconds == nil)
    }
    #expect(Set(before.keys) == Set(after.keys))
  }
}
