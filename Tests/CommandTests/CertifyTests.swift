import Foundation
import TestSupport
import Testing

@Suite("crossfire certify, and certify in an experiment")
struct CertifyTests {
  private let folder = TemporaryFolder()

  @Test("a run certifies its models beside the attacks, and the command gives the same numbers")
  func run() throws {
    let text = """
      name: certified
      data: { name: synthetic, train: 400, test: 40 }
      models:
        normal: { architecture: mlp 20, epochs: 3 }
        noisy: { architecture: mlp 20, epochs: 3, defense: { gaussian-noise: { sigma: 0.25 } } }
      attacks: { pgd: { epsilons: [0.01, 0.1, 0.3], steps: 10 } }
      certify:
        crown: { epsilons: [0, 0.01, 0.1], count: 30 }
        smooth: { certificate: smoothing, epsilons: [0, 0.1], sigma: 0.25, n: 200, count: 20 }
      """
    let file = folder.appending("certified.yaml")
    try Data(text.utf8).write(to: file)
    let out = folder.appending("run")
    func run(_ more: String...) throws -> Command.Result {
      try Command(["run", file.path, "--out", out.path, "--threads", "1"] + more).wait()
    }
    let first = try run("--steps", "model normal", "certify crown of normal")
    #expect(first.status == 0, "\(first.errors)")
    let alone = out.appending(path: "certificates/crown.normal.json")
    let before = try Data(contentsOf: alone)
    let whole = try run()
    #expect(whole.status == 0, "\(whole.errors)")
    #expect(try Data(contentsOf: alone) == before)
    let rows = try String(contentsOf: out.appending(path: "certificates.csv"), encoding: .utf8)
      .split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    #expect(rows.count == 1 + 2 * 3 + 2 * 2)
    for row in rows.dropFirst() where row[0] == "crown" {
      let (certified, attacked) = (Int(row[8]) ?? -1, Int(row[12]) ?? -1)
      #expect(certified >= 0 && certified <= attacked, "\(row)")
    }
    #expect(rows.dropFirst().allSatisfy { ($0[0] == "smooth") == $0[12].isEmpty })
    let page = try String(contentsOf: out.appending(path: "report/index.html"), encoding: .utf8)
    #expect(page.contains("Certified accuracy"))
    let grid = try String(contentsOf: out.appending(path: "grid.json"), encoding: .utf8)
    #expect(!grid.contains("an attack breaks a certificate"))

    let model = out.appending(path: "models/normal.safetensors").path
    let command = try Command([
      "certify", "--model", model, "--data", "synthetic", "--count", "30", "--certificate", "crown",
      "--epsilon", "0", "0.01", "0.1", "--json", "--threads", "1", "--quiet",
    ]).wait()
    #expect(command.status == 0, "\(command.errors)")
    let crown = rows.filter { $0[0] == "crown" && $0[2] == "normal" }.map { $0[8] }
    let cells = command.output.matches(of: /"certified" : (\d+)/).map { $0.1 }
    #expect(cells == crown, "\(command.output)")
  }

  @Test("wrong requests are refused with what was expected")
  func refusals() throws {
    func certify(_ words: String...) throws -> Command.Result {
      try Command(["certify", "--model", "none.safetensors", "--data", "synthetic"] + words).wait()
    }
    let unknown = try certify("--certificate", "crwn", "--epsilon", "0.1")
    #expect(unknown.status == 64 && unknown.errors.contains("crown"), "\(unknown.errors)")
    let setting = try certify("--certificate", "crown:sigma=1", "--epsilon", "0.1")
    #expect(setting.status == 64 && setting.errors.contains("sigma"), "\(setting.errors)")
    let sizes = try certify("--certificate", "smoothing:n=0", "--epsilon", "0.1")
    #expect(sizes.status == 64 && sizes.errors.contains("n"), "\(sizes.errors)")
  }
}
