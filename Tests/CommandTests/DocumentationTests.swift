import Attacks
import Certificates
import Defenses
import Evaluation
import Explanations
import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@Suite("The documentation agrees with the code")
struct DocumentationTests {
  @Test("the README's table of commands has every command and no other")
  func commands() throws {
    let listed = try Documentation.names(inTableOf: "README.md", columns: "Command | What it does")
    let existing = try CommandHelp().commands
    #expect(Set(listed) == existing)
    #expect(listed.count == existing.count)
  }

  @Test("the README's table of attacks has every attack with its title, norm and budget")
  func attacks() throws {
    let rows = try Documentation.table(of: "README.md", columns: "Name | Attack")
    let symbols: [Norm: String] = [.linf: "ℓ∞", .l2: "ℓ2", .l1: "ℓ1", .l0: "ℓ0"]
    #expect(rows.map { $0[0] } == AttackRegistry.names.map { "`\($0)`" })
    for (row, type) in zip(rows, AttackRegistry.all) {
      #expect(row[1] == type.title)
      #expect(row[2].contains(type.budgetSymbol), "\(row)")
      #expect(row[3].contains("control") == type.isControl, "\(row)")
      // An attack that needs a file cannot be made of its defaults alone.
      guard let attack = try? type.init(Settings.none()) else { continue }
      #expect(row[2].hasPrefix(try #require(symbols[attack.norm])), "\(row)")
    }
  }

  @Test("the README's tables of losses and views have every one and no other")
  func lossesAndViews() throws {
    let losses = try Documentation.names(inTableOf: "README.md", columns: "Loss")
    #expect(losses == AttackLoss.Form.allCases.map(\.rawValue))
    let views = try Documentation.names(inTableOf: "README.md", columns: "View")
    #expect(Set(views) == Set(GradientViews.all.map { $0.name }))
    #expect(views.count == GradientViews.all.count)
  }

  @Test("the README's table of defenses has every defense and no other")
  func defenses() throws {
    let listed = try Documentation.names(inTableOf: "README.md", columns: "Name | Training")
    #expect(Set(listed) == Set(DefenseRegistry.names))
    #expect(listed.count == DefenseRegistry.names.count)
  }

  @Test("names are written in small letters with hyphens")
  func spelling() {
    let names =
      AttackRegistry.names + DefenseRegistry.names + CertificateRegistry.names
      + ExplanationRegistry.names + AttackLoss.Form.allCases.map(\.rawValue)
      + Initialization.allCases.map(\.rawValue) + ExplainedScalar.allCases.map(\.rawValue)
    for name in names { #expect(name == name.hyphenated, "\(name)") }
  }

  @Test("the table of certificates has every method with its title")
  func certificates() throws {
    let rows = try Documentation.table(of: "docs/certificates.md", columns: "Name | Certificate")
    #expect(rows.map { $0[0] } == CertificateRegistry.all.map { "`\($0.name)`" })
    #expect(rows.map { $0[1] } == CertificateRegistry.all.map { $0.title })
  }

  @Test("the table of explanations has every method and no other")
  func explanations() throws {
    let listed = try Documentation.names(
      inTableOf: "docs/explanations.md", columns: "Method | What it computes")
    #expect(listed == ExplanationRegistry.names)
    let measures = try Documentation.names(
      inTableOf: "docs/explanations.md", columns: "Measure | Meaning")
    let named = try Documentation.text("docs/explanations.md")
    #expect(Set(measures).isSubset(of: TrustName.allCases.map(\.rawValue)))
    #expect(TrustName.allCases.allSatisfy { named.contains("`\($0.rawValue)`") })
  }

  @Test("the README's table of architectures has every architecture and no other")
  func architectures() throws {
    let listed = try Documentation.names(inTableOf: "README.md", columns: "Name | Network")
    #expect(Set(listed) == Set(Architecture.all.map(\.name)))
    #expect(listed.count == Architecture.all.count)
  }

  @Test("every command that the documentation shows exists and has the options shown")
  func invocations() throws {
    let help = try CommandHelp()
    for file in try Documentation.files() {
      for words in try Documentation.invocations(in: file) where words.first != "help" {
        let shown = "\(file): crossfire \(words.joined(separator: " "))"
        guard let first = words.first, !first.hasPrefix("-"), help.texts[first] != nil else {
          #expect(words.first == "--version", "\(shown)")
          continue
        }
        let nested = words.prefix(2).joined(separator: " ")
        let text = help.texts[nested] ?? help.texts[first] ?? ""
        #expect(!text.contains("SUBCOMMANDS:") || words.count == 1, "\(shown)")
        for option in words where option.hasPrefix("--") {
          let name = option.prefix { $0 != "=" }
          #expect(text.contains("\(name) ") || text.contains("\(name)\n"), "\(shown)")
        }
      }
    }
  }

  @Test("every link to a file of the repository leads to one")
  func links() throws {
    for file in try Documentation.files() {
      let folder = Documentation.root.appending(path: file).deletingLastPathComponent()
      for link in try Documentation.text(file).matches(of: /\]\(([^)\s]+)\)/) {
        let target = link.1.prefix { $0 != "#" }
        guard !target.isEmpty, !target.contains("://") else { continue }
        let place = folder.appending(path: String(target)).path
        #expect(FileManager.default.fileExists(atPath: place), "\(file): \(target)")
      }
    }
  }

  @Test("the experiments of the repository and of the README are accepted")
  func experiments() throws {
    let folder = Documentation.root.appending(path: "Experiments")
    let files = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil
    ).filter { $0.pathExtension == "yaml" }
    #expect(files.count >= 3)
    for file in files {
      let experiment = try Experiment(file)
      #expect(experiment.name == file.deletingPathExtension().lastPathComponent)
    }
    let shown = try Documentation.codeBlocks("yaml", in: "README.md")
    #expect(shown.count == 1)
    for text in shown { _ = try Experiment(.yaml(text, file: "README.md")) }
  }

  @Test("the format versions in docs/file-formats.md are those of the files that a run writes")
  func formats() throws {
    let folder = TemporaryFolder()
    let file = folder.appending("small.yaml")
    try smallExperiment.write(to: file, atomically: true, encoding: .utf8)
    let out = folder.appending("out")
    let result = try Command.run("run", file.path, "--out", out.path, "--threads", "1", "--quiet")
    #expect(result.status == 0, "\(result.errors)")

    var compared: Set<String> = []
    for row in try Documentation.table(of: "docs/file-formats.md", columns: "File | Format") {
      let name = try #require(Documentation.codeSpans(in: row[0]).first)
      let path = name.replacing("<model>", with: "a").replacing("<attack>", with: "fgsm")
        .replacing("<source>", with: "a")
      guard let written = try Self.format(of: out.appending(path: path)) else { continue }
      #expect(row[1] == "\(written)", "\(name)")
      compared.insert(name)
    }
    #expect(
      compared.isSuperset(of: [
        "models/<model>.safetensors", "examples/<attack>.<source>.safetensors",
        "predictions/<attack>.<source>.safetensors", "probes/<model>.json",
        "probes/<model>.safetensors", "grid.json",
      ]), "\(compared)")
  }

  /// The format version that a JSON file, or the metadata of a safetensors file, states; nil if
  /// there is no such file.
  private static func format(of file: URL) throws -> Int? {
    guard FileManager.default.fileExists(atPath: file.path) else { return nil }
    let document =
      file.pathExtension == "json"
      ? try Data(contentsOf: file)
      : Data(try SafetensorsFile(file).metadata["crossfire", default: ""].utf8)
    let object = try JSONSerialization.jsonObject(with: document) as? [String: Any]
    return try #require(object?["format"] as? Int, "\(file.lastPathComponent)")
  }
}
