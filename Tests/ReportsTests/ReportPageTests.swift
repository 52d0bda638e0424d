import Foundation
import Support
import Testing

@testable import Evaluation
@testable import Reports

@Suite struct ReportPageTests {
  private let flag = TrustFlag(
    name: "gradient masking", raisedBecause: "zero gradients", meaning: "no attack",
    advice: "look again",
    victim: "masked")

  private func html(_ grid: Grid? = nil, linkedTo files: PageFiles = .none) -> String {
    ReportPage(grid: grid ?? Sample.grid(flags: [flag]), title: "A study", sheets: [Sample.sheet])
      .linked(to: files).html()
  }

  @Test func thePageRefersToNothingOutsideItself() {
    let page = html().replacing("http://www.w3.org/2000/svg", with: "")
    #expect(!page.contains("http://") && !page.contains("https://") && !page.contains("//www"))
    #expect(
      !page.contains("url(") && !page.contains("@import") && !page.contains("<script")
        && !page.contains("<link"))
    for reference in page.matches(of: /(?:src|href)="([^"]*)"/).map(\.1)
    where !reference.hasPrefix("data:") {
      #expect(reference.hasPrefix("#"))
      #expect(count("id=\"\(reference.dropFirst())\"", in: page) == 1)
    }
  }

  @Test func identifiersAreUniqueAndEveryLabelRefersToOne() {
    let page = html()
    let ids = page.matches(of: /\ id="([^"]*)"/).map(\.1)
    #expect(Set(ids).count == ids.count)
    let labels = page.matches(of: /aria-labelledby="([^"]*)"/).flatMap {
      $0.1.split(separator: " ")
    }
    #expect(!labels.isEmpty && labels.allSatisfy { ids.contains($0) })
  }

  @Test func namesFromFilesAreEscapedEverywhere() {
    let name = Sample.hostile
    let flag = TrustFlag(
      name: name, raisedBecause: name, meaning: name, advice: name, attack: name, source: name,
      victim: name)
    let sheet = ImageSheet(title: name, caption: name, alt: name, png: Data(), width: 1, height: 1)
    var grid = Sample.grid(first: name, flags: [flag])
    var provenance = grid.provenance
    provenance.experiment = name
    provenance.data = name
    provenance.dataFingerprint = name
    provenance.device = name
    provenance.crossfire = name
    provenance.libtorch = name
    provenance.attacks = [
      AttackRecord(name: "fgsm", title: name, budgetSymbol: name, parameters: [name: name])
    ]
    grid = Grid(cells: grid.cells, provenance: provenance, flags: grid.flags)
    let page = ReportPage(grid: grid, title: name, sheets: [sheet]).html()
    #expect(!page.contains("<script"))
    #expect(isWellFormed(page.replacing("<!DOCTYPE html>", with: "")))
  }

  @Test func headingsDescendOneStepAtATime() {
    let levels = html().matches(of: /<h([1-6])[ >]/).compactMap { Int($0.1) }
    #expect(levels.first == 1 && levels.filter { $0 == 1 }.count == 1)
    #expect(zip(levels, levels.dropFirst()).allSatisfy { $1 <= $0 + 1 })
  }

  @Test func theSummaryComesFirstAndTheFlagsStandInIt() throws {
    let page = html()
    let summary = try #require(page.range(of: "id=\"summary\""))
    let flags = try #require(page.range(of: "gradient masking"))
    let curves = try #require(page.range(of: "id=\"curves\""))
    #expect(summary.lowerBound < flags.lowerBound && flags.lowerBound < curves.lowerBound)
    let words = page.replacing("\u{A0}", with: " ")
    for sentence in KeyNumbers(Sample.grid()).sentences { #expect(words.contains(sentence)) }
  }

  @Test func theSummaryCountsTheExamplesEachAttackWasGiven() {
    #expect(html().contains(">fgsm: 100, jsma: 50 for each source model<"))
  }

  @Test func theUnitOfBudgetsIsSaidOnceUnlessTheDataAreBetweenZeroAndOne() {
    let sentence = "Budgets are in the data&#39;s own unit; valid values range from 0 to 255."
    #expect(count(sentence, in: html(Sample.grid(valueRange: 0...255))) == 1)
    for grid in [Sample.grid(), Sample.grid(valueRange: 0...1)] {
      #expect(!html(grid).contains("own unit") && !html(grid).contains("data&#39;s unit"))
    }
    let text = MarkdownReport(grid: Sample.grid(valueRange: -1...1), title: "t").text()
    #expect(count("valid values range from -1 to 1.", in: text) == 1)
  }

  @Test func everySetUpThatComputedResultsIsListedOnceWithTheirNumber() throws {
    func record(_ device: String) -> ComputationRecord {
      ComputationRecord(device: device, threads: 8, crossfire: "1.0.0", libtorch: "2.13.0")
    }
    func provenance(_ computations: [ComputedResults]) throws -> String {
      let page = html(Sample.grid(computations: computations))
      return String(page[try #require(page.range(of: "id=\"provenance\"")).lowerBound...])
    }
    let one = try provenance([
      ComputedResults(by: record("cpu"), results: ["model a", "model b"]),
      ComputedResults(by: record("cpu"), results: ["probe a"]),
    ])
    #expect(one.contains(">cpu</th>") && one.contains(">3</td>"))
    #expect(!one.contains("different set-ups"))
    let two = try provenance([
      ComputedResults(by: record("cpu"), results: ["model a"]),
      ComputedResults(by: record("cuda:0"), results: ["attack fgsm from a"]),
    ])
    #expect(two.contains(">cuda:0</th>") && two.contains("by 2 different set-ups"))
    #expect(two.contains("may differ in rounding"))
  }

  @Test func theFooterNamesTheVersionsThatComputedTheResults() {
    func part(_ crossfire: String, _ threads: Int) -> ComputedResults {
      let record = ComputationRecord(
        device: "cpu", threads: threads, crossfire: crossfire, libtorch: "2.13.0")
      return ComputedResults(by: record, results: ["model a"])
    }
    func footer(_ parts: ComputedResults...) -> String {
      String(html(Sample.grid(computations: parts)).split(separator: "<footer>").last ?? "")
    }
    let same = "<p>Computed by Crossfire 1.0.0 with libtorch 2.13.0. "
    #expect(footer().contains(same))
    #expect(footer(part("1.0.0", 1), part("1.0.0", 2)).contains(same))
    #expect(
      footer(part("1.0.0", 1), part("0.9.0", 1)).contains(
        "<p>Computed by several versions of Crossfire or libtorch, which the section Provenance lists. "
      ))
  }

  @Test func withoutFlagsOrImagesThereIsNoPlaceForThem() {
    let page = ReportPage(grid: Sample.grid(), title: "A study").html()
    #expect(
      !page.contains("class=\"flags\"") && !page.contains("id=\"images\"")
        && !page.contains("#images"))
  }

  @Test func anAttacksRowHasItsCostAndTheSizesOfItsPerturbations() throws {
    let reached = [
      ReachedSizes(epsilon: 0.1, norms: ["linf": ReachedSize(mean: 0.1, largest: 0.1)]),
      ReachedSizes(
        epsilon: 0.3,
        norms: [
          "l0": ReachedSize(mean: 400.5, largest: 784),
          "linf": ReachedSize(mean: 0.29876, largest: 0.3),
        ]),
    ]
    let spent = AttackSpending(
      attack: "pgd", source: "normal", examples: 128, forwardsPerExample: 41.25,
      backwardsPerExample: 40,
      reached: reached)
    let grid = Sample.grid()
    let page = html(Grid(cells: grid.cells, provenance: grid.provenance, spending: [spent]))
    let start = try #require(page.range(of: "id=\"spending\"")).lowerBound
    let section = page[start..<(try #require(page.range(of: "id=\"provenance\"")).lowerBound)]
    let row = section.matches(of: /<t[hd][^>]*>([^<]*)<\/t[hd]>/).map { String($0.1) }.suffix(10)
    // Only the norms within the largest budget are shown; those that were not measured stay empty.
    #expect(
      row == ["pgd", "normal", "128", "41.25", "40", "0.3", "0.2988 (0.3)", "", "", "400.5 (784)"])
    #expect(!html().contains("id=\"spending\""))
  }

  @Test func everyPositiveBudgetHasItsMatrix() {
    let page = html()
    for title in ["fgsm, ε = 0.1", "fgsm, ε = 0.2", "fgsm, ε = 0.3", "jsma, γ = 0.25"] {
      #expect(count("<strong>\(title)</strong>", in: page) == 1)
    }
  }

  @Test func anImageKeepsItsPixelsSquareAndIsDescribed() {
    let page = html()
    let source = #"src="data:image/png;base64,AQID" alt="Twenty digits.""#
    #expect(page.contains("<img \(source) width=\"896\" height=\"448\"/>"))
    #expect(page.contains("image-rendering:pixelated"))
  }

  @Test func provenanceNamesVersionsFingerprintsAndParameters() throws {
    let page = html()
    let provenance = String(page[try #require(page.range(of: "id=\"provenance\"")).lowerBound...])
    for fact in ["2.13.0", "1.0.0", "0f", "aa", "bb", "norm: linf", "distillation", "digits:test"] {
      #expect(provenance.contains(">\(fact)<"))
    }
  }

  @Test func theSameGridIsTheSameBytes() {
    #expect(html() == html())
  }

  @Test func anEmptyGridStillIsAPage() {
    let page = html(Grid(cells: [], provenance: Sample.grid().provenance))
    #expect(page.contains("id=\"provenance\""))
  }

  @Test func theFolderHoldsThePageItsFiguresAndTheirData() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "report-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let place = try ReportFolder(
      ReportPage(grid: Sample.grid(flags: [flag]), title: "A study", sheets: [Sample.sheet])
    ).write(to: folder)
    #expect(try String(contentsOf: place, encoding: .utf8) == html(linkedTo: .figures))
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
    let figures = ["fgsm", "matrix-fgsm", "matrix-jsma", "worst-case"].flatMap { name in
      [".csv", ".svg", ".vl.json"].map { "figures/" + name + $0 }
    }
    #expect(
      files
        == (["figures", "figures/examples-1.png"] + figures + ["index.html", "report.md"]).sorted())
  }

  @Test func anAttacksNameCannotLeaveTheFolder() {
    #expect(ReportFolder.fileName("pgd-linf.40") == "pgd-linf.40")
    for name in ["../x", ".hidden", "a/b", "", "a b"] {
      #expect(ReportFolder.fileName(name).wholeMatch(of: /attack-[0-9a-f]{12}/) != nil)
    }
  }

  @Test func markdownCarriesTheNumbersTheFlagsAndTheTables() {
    let text = MarkdownReport(grid: Sample.grid(flags: [flag]), title: "A study").text()
    #expect(text.hasPrefix("# A study\n\n- In the worst case"))
    #expect(text.contains("- **gradient masking**: zero gradients no attack look again\n"))
    #expect(text.contains("| normal | **20.0 (13.3–28.9)** | 40.0 (30.9–49.8) |"))
  }
}
