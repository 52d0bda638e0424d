import Foundation
import Support
import Testing

@testable import Datasets

/// Checks of the published files, on machines that have them.
@Suite("Published data sets")
struct RealDataTests {
  static let folders = DataFolders()

  /// Whether a data set is on this machine.
  static func has(_ name: String) -> Bool {
    guard let reference = try? DataReference(name) else { return false }
    return reference.entry!.splits.allSatisfy { reference.isPresent($0, among: folders) }
  }

  @Test(
    "MNIST has the published files, counts and labels",
    .enabled(if: has("mnist"), "mnist is not on this machine: set CROSSFIRE_DATA")
  )
  func mnist() throws {
    let reference = try DataReference("mnist")
    let check = try reference.check()
    #expect(check.passed, "\(check.rows.filter { $0.verdict == .bad })")
    let (train, test) = (try reference.load(.train), try reference.load(.test))
    #expect((train.count, test.count) == (60_000, 10_000))
    #expect(train.histogram == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
    #expect(test.histogram == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
    #expect(Array(train.batch(0..<10).labels.int64s()) == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4])
  }

  @Test(
    "MNIST's training set loads within 1.5 seconds",
    .enabled(
      if: has("mnist") && !isDebugBuild, "needs an optimized build, and CROSSFIRE_DATA with mnist"))
  func speed() throws {
    let reference = try DataReference("mnist:train")
    // The best of three runs counts, since other tests run at the same time.
    let times = try (0..<3).map { _ in
      try ContinuousClock().measure { _ = try reference.load(.train) }
    }
    #expect(times.min()! < .seconds(1.5))
  }

  @Test(
    "notMNIST passes its check and has the letters A to J",
    .enabled(if: has("notmnist"), "notmnist is not on this machine: set CROSSFIRE_DATA"))
  func letters() throws {
    let check = try DataReference("notmnist").check()
    #expect(check.passed, "\(check.rows.filter { $0.verdict == .bad })")
    #expect(try DataReference("notmnist").load(.test).classNames.joined() == "ABCDEFGHIJ")
  }

  @Test(
    "mnist5k passes its check and has known fingerprints",
    .enabled(if: has("mnist5k"), "mnist5k is not on this machine: run `make setup`"))
  func digits() throws {
    let reference = try DataReference("mnist5k")
    let check = try reference.check()
    #expect(check.passed, "\(check.rows.filter { $0.verdict == .bad })")
    #expect(
      try reference.load(.train).fingerprint
        == "0b844ef140d74d4e53d3e2cb649beec5acca626834e601d58182350a7a7c3252")
    #expect(
      try reference.load(.test).fingerprint
        == "ca8265ee6535a195fbe64e37ab7f95d71310f9cf027284cade9f056e3af5955b")
  }

  @Test(
    "Fashion-MNIST passes its check",
    .enabled(
      if: has("fashion-mnist"),
      "fashion-mnist is not on this machine: crossfire data get fashion-mnist"))
  func clothes() throws {
    let check = try DataReference("fashion-mnist").check()
    #expect(check.passed, "\(check.rows.filter { $0.verdict == .bad })")
  }

  #if DEBUG
    static let isDebugBuild = true
  #else
    static let isDebugBuild = false
  #endif
}
