import Evaluation
import Foundation
import Support
import TestSupport
import Testing

@testable import Cluster

@Suite("The scripts of jobs")
struct JobScriptTests {
  /// Runs a task of a script in bash, with a stand-in for crossfire and one for `scontrol`.
  /// - Parameters:
  ///   - body: what the stand-in for crossfire does after it has noted its arguments.
  ///   - restarts: how often the task was queued again before.
  /// - Returns: the exit status, the arguments of crossfire, and those of `scontrol`.
  private func run(
    task: Int = 0, name: String = "run", restarts: Int = 0, signal: Int32? = nil,
    setup: String = "", _ body: String
  ) throws -> (status: Int32, arguments: [String], requeued: String) {
    let run = try SomeRun(
      setup.isEmpty ? SomeRun.text : SomeRun.text + "\ncluster: { setup: [\"\(setup)\"] }\n",
      name: name)
    let tools = TemporaryFolder()
    func tool(_ name: String, _ text: String) throws {
      let file = tools.appending(name)
      try "#!/bin/bash\n\(text)\n".write(to: file, atomically: true, encoding: .utf8)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
    }
    let place = tools.url.path.shellWord
    try tool("cross fire", "printf '%s\\0' \"$@\" > \(place)/arguments\n\(body)")
    try tool("scontrol", "echo \"$*\" > \(place)/requeued")
    let slurm = try FakeSlurm()
    var submission = run.submission(slurm)
    submission.executable = tools.appending("cross fire").path
    submission.maxTasks = 2
    submission.engine = ["--device", "cpu"]
    _ = try submission.submit()
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = [run.out.appending(path: "jobs/0003-attacks.sh").path]
    process.environment = [
      "PATH": "\(tools.url.path):/usr/bin:/bin", "SLURM_ARRAY_TASK_ID": "\(task)",
      "SLURM_ARRAY_JOB_ID": "7", "SLURM_RESTART_COUNT": "\(restarts)", "SLURM_CPUS_PER_TASK": "3",
    ]
    process.standardError = FileHandle.nullDevice
    // Tests run on threads that block signals, and a new process inherits this.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGUSR1)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    try process.run()
    if let signal {
      while !FileManager.default.fileExists(atPath: tools.appending("ready").path) {
        Thread.sleep(forTimeInterval: 0.02)
      }
      kill(process.processIdentifier, signal)
      if signal == SIGTERM {
        // Crossfire ends, and the task goes on until Slurm ends it.
        while !FileManager.default.fileExists(atPath: tools.appending("ended").path) {
          Thread.sleep(forTimeInterval: 0.02)
        }
        Thread.sleep(forTimeInterval: 1)
        #expect(process.isRunning)
        kill(process.processIdentifier, SIGKILL)
      }
    }
    process.waitUntilExit()
    func text(_ name: String) -> String {
      (try? String(contentsOf: tools.appending(name), encoding: .utf8)) ?? ""
    }
    let arguments = text("arguments").split(separator: "\0").map {
      String($0).replacing(run.out.path, with: "OUT")
    }
    return (process.terminationStatus, arguments, text("requeued"))
  }

  @Test(
    "a task does every T-th step of the list, also in folders with awkward names",
    arguments: ["run", "my runs", "it's", "a\"b$c`d", "-n", "ü\u{1F600}", "a\nb", "100%", "#1;&"])
  func steps(_ name: String) throws {
    let task = try run(task: 1, name: name, "exit 0")
    #expect(task.status == 0 && task.requeued.isEmpty)
    #expect(
      task.arguments == [
        "run", "OUT/jobs/experiment.yaml", "--out", "OUT", "--steps", "attack fgsm from b",
        "attack pgd from a", "attack pgd from both", "--wait", "--threads", "3", "--device", "cpu",
      ])
  }

  @Test("a signal reaches crossfire, and status 75 queues the task again")
  func signals() throws {
    let task = try run(
      signal: SIGUSR1,
      "trap 'sleep 0.2; exit 75' USR1; touch \"$(dirname \"$0\")/ready\"; while :; do sleep 0.05; done"
    )
    #expect(task.status == 75 && task.requeued == "requeue 7_0\n")
  }

  @Test("after SIGTERM the task waits for Slurm, which decides what becomes of it")
  func termination() throws {
    let task = try run(
      signal: SIGTERM,
      "cd \"$(dirname \"$0\")\"; trap 'touch ended; exit 130' TERM; touch ready; "
        + "while :; do sleep 0.05; done")
    #expect(task.status == SIGKILL && task.requeued.isEmpty)
  }

  @Test("a signal that comes before crossfire has started queues the task again")
  func early() throws {
    let task = try run(setup: "kill -USR1 $$", "exit 0")
    #expect(task.status == 75 && task.requeued == "requeue 7_0\n" && task.arguments.isEmpty)
    #expect(try run("kill -USR1 $$").requeued == "requeue 7_0\n")
  }

  @Test("a task that never gets far is queued again twenty times")
  func endless() throws {
    #expect(try run(restarts: 19, "exit 75").requeued == "requeue 7_0\n")
    for status in [75, 138] {
      let task = try run(restarts: 20, "exit \(status)")
      #expect(task.status == status && task.requeued.isEmpty)
    }
  }

  @Test("a task that was killed is queued again three times, and any other status is its own")
  func statuses() throws {
    let killed = try run(restarts: 2, "kill -KILL $$")
    #expect(killed.status == 137 && killed.requeued == "requeue 7_0\n")
    #expect(try run(restarts: 3, "kill -KILL $$").requeued.isEmpty)
    #expect(try run(restarts: 9, "exit 75").requeued == "requeue 7_0\n")
    for status in [1, 65, 127, 130] as [Int32] {
      let task = try run("exit \(status)")
      #expect(task.status == status && task.requeued.isEmpty)
    }
  }

  @Test("options come from the experiment, those of a group after those for all")
  func options() throws {
    let text =
      SomeRun.text + """

        cluster:
          command: apptainer exec --nv crossfire.sif crossfire
          setup: [module load cuda]
          options: [--partition=gpu, "-A lab"]
          attacks: [--time=02:00:00]
        """
    let run = try SomeRun(text)
    let slurm = try FakeSlurm()
    _ = try run.submission(slurm).submit()
    let script = try String(
      contentsOf: run.out.appending(path: "jobs/0003-attacks.sh"), encoding: .utf8)
    let lines = script.split(separator: "\n").map(String.init)
    let start = try #require(lines.firstIndex(of: "#SBATCH --partition=gpu"))
    #expect(
      lines[start...].prefix(3) == [
        "#SBATCH --partition=gpu", "#SBATCH -A lab", "#SBATCH --time=02:00:00",
      ])
    // Signals may come while the lines of the setup run.
    let setup = try #require(lines.firstIndex(of: "module load cuda"))
    #expect(lines[start..<setup].filter { $0.hasPrefix("trap ") }.count == 2)
    for line in ["--requeue", "--kill-on-invalid-dep=yes", "--signal=B:USR1@120"] {
      #expect(lines[..<start].contains("#SBATCH " + line))
    }
    #expect(lines.contains { $0.contains("  apptainer exec --nv crossfire.sif crossfire run ") })
    let report = try String(
      contentsOf: run.out.appending(path: "jobs/0005-report.sh"), encoding: .utf8)
    #expect(!report.contains("--time=") && report.contains("--partition=gpu"))
  }
}
