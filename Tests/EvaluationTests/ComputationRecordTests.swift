import Foundation
import ModelCore
import Testing

@testable import Evaluation

@Suite("Records of the set-ups that computed results")
struct ComputationRecordTests {
  private func provenance(_ computations: [ComputedResults] = []) -> Provenance {
    Provenance(
      experiment: "e", data: "d", dataFingerprint: "ab", examples: 1, seed: 1, device: "cpu",
      threads: 2, crossfire: "1.0.0", libtorch: "2.13.0", models: [], attacks: [],
      valueRange: 0...255, computations: computations)
  }

  @Test("A provenance with a value range and computations is read back unchanged")
  func roundTrip() throws {
    let record = ComputationRecord(
      device: "cuda:0", threads: 4, crossfire: "1.0.0", libtorch: "2.13.0")
    let written = provenance([ComputedResults(by: record, results: ["model a"])])
    let data = try JSONEncoder().encode(written)
    #expect(try JSONDecoder().decode(Provenance.self, from: data) == written)
  }

  @Test("A provenance that was written without a value range and computations is still read")
  func earlier() throws {
    let json = """
      {"experiment":"e","data":"d","dataFingerprint":"ab","examples":1,"seed":1,"device":"cpu",
      "threads":2,"crossfire":"1.0.0","libtorch":"2.13.0","models":[],"attacks":[]}
      """
    let read = try JSONDecoder().decode(Provenance.self, from: Data(json.utf8))
    #expect(read.valueRange == nil && read.computations.isEmpty && read.threads == 2)
  }

  @Test("The main set-up computed the most results, and of several the first")
  func main() {
    func record(_ threads: Int) -> ComputationRecord {
      ComputationRecord(device: "cpu", threads: threads, crossfire: "1.0.0", libtorch: "2.13.0")
    }
    func main(_ parts: (Int, [String])...) -> Int? {
      parts.map { ComputedResults(by: record($0.0), results: $0.1) }.main?.threads
    }
    #expect([ComputedResults]().main == nil)
    #expect(main((4, ["model a"])) == 4)
    #expect(main((4, ["model a"]), (8, ["model b", "probe a"])) == 8)
    #expect(main((4, ["model a"]), (8, ["model b"])) == 4)
    #expect(main((4, ["model a"]), (8, ["model b", "probe b"]), (4, ["probe a", "c"])) == 4)
  }

  @Test("A provenance says in words what computed its results")
  func words() {
    func part(_ threads: Int) -> ComputedResults {
      ComputedResults(
        by: ComputationRecord(
          device: "cpu", threads: threads, crossfire: "1.0.0", libtorch: "2.13.0"),
        results: ["model a"])
    }
    let words = "crossfire 1.0.0, libtorch 2.13.0, cpu, 2 threads"
    #expect(provenance().computedBy == "computed by \(words)")
    #expect(provenance([part(2)]).computedBy == "computed by \(words)")
    #expect(
      provenance([part(2), part(1)]).computedBy
        == "computed by 2 set-ups, the most results by \(words)")
    #expect(part(1).by.words.hasSuffix("cpu, 1 thread"))
  }

  @Test("The current record names the device that it is asked for")
  func current() {
    let record = ComputationRecord.current(device: .cpu)
    #expect(record.device == "cpu" && record.threads >= 1 && !record.libtorch.isEmpty)
  }
}
