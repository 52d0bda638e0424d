import Datasets
import Foundation
import ModelCore
import TestSupport
import Testing

@Suite("A user's own data and results can be read and written")
struct OwnDataTests {
  private let folder = TemporaryFolder()

  private func run(_ arguments: String...) throws -> String {
    let result = try Command(arguments).wait()
    #expect(result.status == 0, "\(arguments): \(result.errors)")
    return result.output
  }

  /// Writes generated digits as PNG files, in a subfolder for each digit under train/ and test/.
  private func writePictures(_ count: Int) throws {
    for split in [Split.train, .test] {
      let digits = try SevenSegmentDigits().images(split, count: count)
      let (bytes, labels) = (digits.pixels.bytes(), digits.labels.int64s())
      for (index, label) in labels.enumerated() {
        let pixels = Array(bytes[index * 784..<(index + 1) * 784])
        let place = folder.appending("digits/\(split.rawValue)/\(label)/\(index).png")
        try PNG.write(Picture(shape: digits.shape, pixels: pixels), to: place)
      }
    }
  }

  @Test(
    "a folder of PNG files serves every command, and the results can be exported as tables"
  )
  func folders() throws {
    try writePictures(200)
    let (data, model) = (folder.appending("digits").path, folder.appending("m.safetensors").path)
    _ = try run(
      "train", "--data", data, "--architecture", "small", "--epochs", "3", "--out", model,
      "--batch-size", "32",
      "--quiet")
    #expect(
      try run("evaluate", "--model", model, "--data", data, "--json").contains("\"images\" : 200"))
    let check = try run("data", "check", data)
    #expect(check.contains("train  images: 200") && check.contains("test   shape: 1x28x28"))
    let examples = folder.appending("e.safetensors").path
    _ = try run(
      "attack", "--model", model, "--data", data, "--count", "20", "--attack", "fgsm", "--epsilon",
      "0", "0.2", "--out",
      examples, "--quiet")
    let npz = folder.appending("e.npz").path
    _ = try run("export", examples, "--npz", npz, "--csv", folder.appending("e.csv").path)
    let table = try String(contentsOf: folder.appending("e.csv"), encoding: .utf8).split(
      separator: "\n")
    #expect(table.count == 41)
    #expect(table[0] == "attack,source,epsilon,example,image,label,target,predicted,confidence")
    #expect(table[1].hasPrefix("fgsm,m,0,0,0,0,,"))
    _ = try run(
      "transfer", "--model", "a=\(model)", "b=\(model)", "--data", data + ":test", "--count", "20",
      "--attack", "fgsm",
      "--epsilon", "0.1", "--out", folder.appending("run").path, "--quiet")
    let predictions = folder.appending("run/predictions/fgsm.a.safetensors").path
    _ = try run("export", predictions, "--csv", folder.appending("p.csv").path)
    let lines = try String(contentsOf: folder.appending("p.csv"), encoding: .utf8).split(
      separator: "\n")
    #expect(lines.count == 41)
    #expect(
      lines[0]
        == "attack,source,victim,epsilon,example,image,label,target,clean,predicted,linf,l2,l1,l0")
    #expect(lines[21].hasPrefix("fgsm,a,b,0.1,0,0,0,,"))
  }

  @Test("an experiment's data path starts from its folder, and a file that is left out is reported")
  func experiment() throws {
    try writePictures(200)
    try Data().write(to: folder.appending("digits/test/3/broken.png"))
    let text = """
      data: { name: ./digits, train: 100, test: 50 }
      models: { a: { architecture: small, epochs: 1 } }
      attacks: { fgsm: { epsilons: [0.1] } }
      count: 20
      """
    try Data(text.utf8).write(to: folder.appending("own.yaml"))
    let result = try Command.run(
      "run", folder.appending("own.yaml").path, "--out", folder.appending("out").path)
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      result.errors.contains("1 of 201 pictures cannot be read: ")
        && result.errors.contains("3/broken.png: the file is empty; left out"))
    let resolved = try String(contentsOf: folder.appending("out/experiment.yaml"), encoding: .utf8)
    #expect(resolved.contains(folder.appending("digits").standardizedFileURL.path))
    #expect(
      try Command.run("run", folder.appending("out/experiment.yaml").path, "--dry-run").status == 0)
  }

  @Test("export needs an output, and an experiment refuses data without a test part with a hint")
  func refusals() throws {
    #expect(try Command.run("export", "x.safetensors").status == 64)
    for index in 0..<8 {
      let flat = Picture(
        shape: .init(channels: 1, height: 8, width: 8),
        pixels: .init(repeating: UInt8(index), count: 64))
      try PNG.write(flat, to: folder.appending("flat/\(index % 2)/\(index).png"))
    }
    let text = """
      data: ./flat
      models: { a: { architecture: mlp, epochs: 1 } }
      attacks: { fgsm: { epsilons: [0.1] } }
      """
    try Data(text.utf8).write(to: folder.appending("flat.yaml"))
    let result = try Command.run(
      "run", folder.appending("flat.yaml").path, "--out", folder.appending("out").path)
    #expect(result.status == 65)
    #expect(
      result.errors.contains("is not divided into train and test")
        && result.errors.contains("heldout=0.1"))
  }
}
