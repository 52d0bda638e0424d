import Foundation
import TestSupport
import Testing

@Suite("The number of threads of a command")
struct ThreadTests {
  /// Trains a tiny model after a shell command, and says how many threads its file records.
  private func threads(after limits: String, _ options: String...) throws -> Int? {
    let folder = TemporaryFolder()
    let model = folder.appending("m.safetensors").path
    let trained = try Command(
      [
        "train", "--data", "synthetic", "--count", "20", "--architecture", "mlp 4", "--epochs", "1",
        "--out", model,
      ] + options, limits: "unset OMP_NUM_THREADS SLURM_CPUS_PER_TASK; " + limits
    ).wait()
    #expect(trained.status == 0, "\(trained.errors)")
    let shown = try Command.run("inspect", model).output
    return shown.firstMatch(of: /cpu, (\d+) threads?/).flatMap { Int($0.1) }
  }

  @Test("is that of --threads before that of OMP_NUM_THREADS, of which the first number counts")
  func environment() throws {
    #expect(try threads(after: "export OMP_NUM_THREADS=3,2") == 3)
    #expect(try threads(after: "export OMP_NUM_THREADS=3", "--threads", "2") == 2)
    #expect(try threads(after: "export SLURM_CPUS_PER_TASK=1") == 1)
  }

  #if os(Linux)
    /// Leaves the shell, and the command after it, the first of the processors that it may use.
    private let one = "taskset -pc $(taskset -pc $$ | sed 's/.*: //; s/[-,].*//') $$ > /dev/null"

    @Test("is that of the processors that the process may use")
    func affinity() throws {
      #expect(try threads(after: one) == 1)
      #expect(try threads(after: one + "; export SLURM_CPUS_PER_TASK=2") == 1)
      #expect(try threads(after: one + "; export OMP_NUM_THREADS=2") == 2)
    }

    @Test("counts the processors before OpenMP binds the first thread to one of them")
    func bound() throws {
      #expect(try threads(after: "export OMP_PROC_BIND=true") == threads(after: ":"))
    }
  #endif
}
