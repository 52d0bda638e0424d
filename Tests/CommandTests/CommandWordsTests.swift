import Foundation
import Support
import TestSupport
import Testing

@testable import crossfire

@Suite("The words of a command line")
struct CommandWordsTests {
  private func failure(_ words: String...) -> Failure? {
    do {
      try CommandWords.check(words, of: Crossfire.self)
      return nil
    } catch { return error as? Failure }
  }

  @Test("a misspelt command is answered with the nearest one, at every level and after help")
  func misspelt() {
    #expect(
      failure("trian", "--data", "mnist")
        == .usage(
          "unknown command 'trian'",
          hint: "did you mean 'train'? 'crossfire help' lists the commands"))
    #expect(failure("data", "lst")?.message == "unknown command 'data lst'")
    #expect(
      failure("data", "lst")?.hint
        == "did you mean 'data list'? 'crossfire help data' lists the commands")
    #expect(failure("help", "evalute")?.hint?.contains("'evaluate'") == true)
    #expect(failure("help", "train", "it")?.message == "unknown command 'train it'")
    #expect(failure("xylophone")?.hint == "'crossfire help' lists the commands")
  }

  @Test("commands, options and values pass")
  func known() {
    #expect(failure() == nil && failure("help") == nil && failure("--version") == nil)
    #expect(failure("help", "study", "serve") == nil && failure("data", "--help") == nil)
    #expect(failure("list", "atacks") == nil && failure("inspect", "trian") == nil)
  }

  @Test("every error begins with the name of the command, and help about nothing fails")
  func errors() throws {
    for (words, status): ([String], Int32) in [
      (["trian"], 64), (["help", "trian"], 64), (["train", "--epohcs", "3"], 64),
      (["evaluate", "--model", "/no/m.pt", "--data", "/no/images"], 66),
      (["run", "/no/experiment.yaml"], 66), (["inspect", "/no/m.pt"], 66),
    ] {
      let result = try Command(words).wait()
      #expect(result.status == status, "\(words)")
      #expect(result.errors.hasPrefix("crossfire: "), "\(words): \(result.errors)")
      #expect(!result.errors.contains("Error:") && result.output.isEmpty, "\(words)")
      if status == 66 { #expect(result.errors.contains("No such file"), "\(words)") }
    }
  }

  @Test("a pipe gets no escape sequences, and in the locale C everything but documents is ASCII")
  func plain() throws {
    let environment = "export LC_ALL=C NO_COLOR=1"
    let list = try Command.run("list", "attacks", limits: environment)
    #expect(list.status == 0 && list.output.utf8.allSatisfy { $0 < 0x80 && $0 != 0x1b })
    #expect(try Command.run("list", "attacks").output.contains("ℓ∞"))
    let document = try Command.run("list", "attacks", "--json", limits: environment)
    #expect(document.output.contains("ℓ∞"))
    let folder = TemporaryFolder()
    let trained = try Command.run(
      "train", "--data", "synthetic", "--count", "60", "--architecture", "mlp 10", "--epochs", "1",
      "--threads", "1", "--out", folder.appending("m.safetensors").path, limits: environment)
    #expect(trained.status == 0, "\(trained.errors)")
    #expect((trained.output + trained.errors).utf8.allSatisfy { $0 < 0x80 && $0 != 0x1b })
  }

  @Test("--eps is --epsilon, and a budget above the range of the data is asked about")
  func budgets() throws {
    let folder = TemporaryFolder()
    let model = folder.appending("m.safetensors").path
    try Command.run(
      "train", "--data", "synthetic", "--count", "60", "--architecture", "mlp 10", "--epochs", "1",
      "--threads", "1", "--out", model)
    func attack(_ epsilon: String) throws -> Command.Result {
      try Command.run(
        "attack", "--model", "mine=\(model)", "--data", "synthetic", "--count", "20", "--attack",
        "fgsm", "--eps", epsilon, "--threads", "1", "--out",
        folder.appending("e.safetensors").path)
    }
    let made = try attack("8/255")
    #expect(made.status == 0 && made.output.contains("0.03137"), "\(made.errors)")
    let refused = try attack("8")
    #expect(refused.status == 64)
    #expect(refused.errors.contains("did you mean 8/255, which is 0.0314?"), "\(refused.errors)")
  }

  @Test("the manual page has every command, and the completions are scripts that bash reads")
  func manual() throws {
    let program = "'\(Command.program.path)'"
    let script = Documentation.root.appending(path: "scripts/manual.py").path
    let page = try Self.shell("\(program) --experimental-dump-help | python3 '\(script)' 1.0")
    for name in try CommandHelp().texts.keys {
      #expect(page.contains(".SS crossfire \(name.replacing("-", with: "\\-"))\n"), "\(name)")
    }
    #expect(page.hasPrefix(".TH CROSSFIRE 1"))
    let read = try Self.shell(
      "\(program) --generate-completion-script bash | bash -n && echo accepted")
    #expect(read == "accepted\n")
  }

  private static func shell(_ command: String) throws -> String {
    let (process, pipe) = (Process(), Pipe())
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = ["-c", "set -o pipefail; \(command)"]
    process.standardOutput = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(command)")
    return String(decoding: output, as: UTF8.self)
  }
}
