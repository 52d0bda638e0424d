import Foundation
import TestSupport
import Testing

@Suite("The command crossfire compare")
struct CompareTests {
  @Test("it shows what changed, sets the status that --fail-if asks for, and refuses other data")
  func compare() throws {
    let folder = TemporaryFolder()
    func run(_ name: String, _ text: String) throws -> String {
      let (file, out) = (folder.appending("\(name).yaml"), folder.appending(name).path)
      try text.write(to: file, atomically: true, encoding: .utf8)
      let result = try Command.run("run", file.path, "--out", out, "--threads", "1", "--quiet")
      #expect(result.status == 0, "\(result.errors)")
      // The leaderboard takes the place of sentences about single attacks.
      #expect(result.output.hasPrefix("Worst-case accuracy in ℓ∞ within ε = 0.3\n"))
      #expect(
        result.output.contains("behind the first") && !result.output.contains("transfer best"))
      return out
    }
    let small = smallExperiment.replacing("images: { attacks: [fgsm], count: 3 }", with: "")
    let before = try run("before", small)
    // Without its training, model b is about as accurate as guessing.
    let after = try run(
      "after",
      small.replacing(
        "b: { architecture: small, epochs: 2, ",
        with: "b: { architecture: small, epochs: 1, learningRate: 1e-6, "))
    func compare(_ arguments: String...) throws -> Command.Result {
      try Command(["compare"] + arguments).wait()
    }
    let same = try compare(before, before, "--fail-if", "worst-case drops 0.1", "new flags")
    #expect(same.status == 0 && same.output.contains("0 of 16 cells changed for certain"))

    let csv = folder.appending("changes.csv")
    let worse = try compare(
      before, after, "--fail-if", "clean of b drops 5", "clean of a drops 5", "--csv", csv.path)
    #expect(worse.status == 1, "\(worse.errors)")
    #expect(
      worse.errors.hasPrefix("crossfire: clean of b drops by ") && !worse.errors.contains("of a"))
    #expect(worse.output.contains("b") && worse.output.contains("*"))
    let lines = try String(contentsOf: csv, encoding: .utf8).split(separator: "\n")
    #expect(lines.count { $0.contains(",cell,") } == 16)
    // What is there already is not overwritten unasked.
    #expect(try compare(before, after, "--csv", csv.path).status == 74)

    let json = try compare(before, after, "--json", "--fail-if", "clean drops 99.9")
    let document = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
    #expect((document?["failures"] as? [String])?.isEmpty == true && json.status == 0)
    #expect(try compare(before, after, "--fail-if", "certified drops 1").status == 64)
    #expect(try compare(before).status == 64)
    #expect(try compare(before, folder.appending("none").path).status == 66)

    let grid = folder.appending("after/grid.json")
    let text = try String(contentsOf: grid, encoding: .utf8)
    let other = text.replacing(/"dataFingerprint" : "[0-9a-f]/, with: "\"dataFingerprint\" : \"x")
    #expect(other != text)
    try other.write(to: grid, atomically: true, encoding: .utf8)
    let refused = try compare(before, after)
    #expect(refused.status == 65 && refused.errors.contains("measured other images"))
  }
}
