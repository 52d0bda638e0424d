import Foundation
import Support
import TestSupport
import Testing

@testable import Datasets

@Suite("Checks of data sets")
struct DataCheckTests {
  private func row(_ check: DataCheck, _ subject: String, _ split: Split? = .test) -> DataCheck.Row?
  {
    check.rows.first { $0.subject == subject && $0.split == split }
  }

  @Test("the check of a data set that is drawn passes")
  func drawn() throws {
    let check = try DataReference("synthetic").check()
    #expect(check.passed)
    #expect(row(check, "images", .train)?.found == "2000")
    #expect(row(check, "shape")?.expected == "1x28x28")
    #expect(row(check, "images per class")?.found.hasPrefix("0: 50, 1: 50") == true)
  }

  @Test("files other than the published ones fail the check, each with what was expected")
  func impostor() throws {
    let folder = TemporaryFolder()
    let pixels = [UInt8](repeating: 9, count: 2 * 784)
    try folder.write(
      gzip(bigEndian(0x803, 2, 28, 28) + pixels), to: "mnist/t10k-images-idx3-ubyte.gz")
    try folder.write(idxLabels([0, 1]), to: "mnist/t10k-labels-idx1-ubyte")
    let folders = DataFolders(environment: [
      "CROSSFIRE_DATA": folder.url.path, "XDG_CACHE_HOME": "/no/cache",
    ])
    let check = try DataReference("mnist").check(folders: folders)
    #expect(!check.passed)
    #expect(row(check, "readable")?.verdict == .good)
    #expect(row(check, "images")?.verdict == .bad)
    #expect(row(check, "images")?.expected == "10000")
    #expect(row(check, "images per class")?.verdict == .bad)
    let images = try #require(row(check, "t10k-images-idx3-ubyte.gz"))
    #expect(images.expected == "md5 2646ac647ad5339dbf082846283269ea")
    #expect(images.verdict == .bad)
    #expect(row(check, "t10k-labels-idx1-ubyte")?.verdict == .bad)
    #expect(row(check, "readable", .train)?.found == "not on this machine")
  }

  @Test("a file that cannot be read makes a row, not an error")
  func unreadable() throws {
    let folder = TemporaryFolder()
    try folder.write(idxImages(count: 2).dropLast(), to: "t10k-images-idx3-ubyte")
    try folder.write(idxLabels([0, 1]), to: "t10k-labels-idx1-ubyte")
    let check = try DataReference(folder.url.path).check()
    #expect(!check.passed)
    #expect(check.rows.count == 1)
    #expect(row(check, "readable")?.found.contains("the file holds 11") == true)
  }

  @Test("a user's own folder passes the check if it can be read")
  func own() throws {
    let folder = TemporaryFolder()
    try folder.write(idxImages(count: 2), to: "t10k-images-idx3-ubyte")
    try folder.write(idxLabels([0, 2]), to: "t10k-labels-idx1-ubyte")
    let check = try DataReference(folder.url.path).check()
    #expect(check.passed)
    #expect(check.rows.map(\.verdict) == [.good, .unknown, .unknown, .unknown, .unknown])
  }

  @Test("the check of a data set that is not on this machine fails as missing")
  func missing() throws {
    let folders = DataFolders(environment: ["XDG_CACHE_HOME": "/no/cache"])
    #expect(try failure { try DataReference("mnist").check(folders: folders) }.kind == .missing)
  }
}
