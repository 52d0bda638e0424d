import Datasets
import Foundation
import ModelCore
import TestSupport
import Testing

@Suite("What several processes of crossfire run know about their data")
struct DataCacheCommandTests {
  @Test("notes on the data are shown by every process, also where it does not open the data")
  func notes() throws {
    let folder = TemporaryFolder()
    let shape = InputShape(channels: 1, height: 4, width: 4)
    for name in ["train/a/1", "train/b/1", "train/stray", "test/a/1", "test/b/1"] {
      let place = folder.appending("data/\(name).png")
      try FileManager.default.createDirectory(
        at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
      try PNG.encode(Picture(shape: shape, pixels: .init(repeating: 99, count: shape.count)))
        .write(to: place)
    }
    // Files that were changed a moment ago are not cached.
    Thread.sleep(forTimeInterval: 2.1)
    let experiment = folder.appending("run.yaml")
    try """
    data: { name: ./data }
    models: { a: { architecture: mlp 4, epochs: 1 } }
    attacks: { fgsm: { epsilons: [0, 0.1] } }
    """.write(to: experiment, atomically: true, encoding: .utf8)
    let out = folder.appending("out")
    for step in ["model a", "attack fgsm from a", "probe a"] {
      let result = try Command.run(
        "run", experiment.path, "--out", out.path, "--threads", "1", "--steps", step)
      #expect(result.status == 0, "\(result)")
      #expect(result.errors.contains("pictures beside the class folders: 1, such as stray.png"))
      let entries = try FileManager.default.contentsOfDirectory(
        atPath: out.appending(path: ".data").path)
      #expect(entries.count == 2, "\(entries)")
    }
  }
}
