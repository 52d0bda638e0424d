import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

@Suite("The catalog of data sets")
struct DatasetCatalogTests {
  @Test("names differ from each other, and each leads to its entry")
  func names() throws {
    let names = [
      "mnist", "mnist5k", "notmnist", "fashion-mnist", "svhn", "svhn-grey", "cifar10", "cifar100",
      "newsgroups", "synthetic", "decoy-mnist", "decoy-mnist-halves", "toy-colors", "iris-cancer",
      "two-classes-2d", "three-classes-2d", "clusters-2d", "gaussians-2d", "white-squares",
    ]
    #expect(DatasetCatalog.names == names)
    for name in DatasetCatalog.names { #expect(try DatasetCatalog.entry(named: name).name == name) }
  }

  @Test("an unknown name is refused with the nearest known name as a hint")
  func unknown() throws {
    let refusal = try failure { try DatasetCatalog.entry(named: "mnits") }
    #expect(
      refusal
        == .usage(
          "there is no data set 'mnits'",
          hint: "did you mean 'mnist'? (known: \(DatasetCatalog.names.joined(separator: ", ")))"))
  }

  @Test(
    "every file has a size and, if one is published, a well-formed checksum; files hold all splits"
  )
  func files() {
    for entry in DatasetCatalog.all {
      for file in entry.files {
        let length = file.checksum?.algorithm == .sha256 ? 64 : 32
        #expect(
          file.checksum.map { $0.hex.count == length && $0.hex.allSatisfy(\.isHexDigit) }
            ?? (entry.name == "notmnist"))
        #expect(file.contentChecksum.map { $0.hex.count == 32 } ?? true)
        #expect(file.size > 0)
      }
      guard case .addresses(let bases) = entry.origin else { continue }
      #expect(bases.allSatisfy { $0.hasSuffix("/") && URL(string: $0 + "x") != nil })
      #expect(Set(entry.files.flatMap(\.splits)) == Set(entry.splits))
    }
  }

  @Test("a named data set with images of another shape is refused")
  func shape() throws {
    let folder = TemporaryFolder()
    try folder.write(idxImages(count: 2), to: "t10k-images-idx3-ubyte")
    try folder.write(idxLabels([0, 1]), to: "t10k-labels-idx1-ubyte")
    let refusal = try failure {
      try DatasetCatalog.entry(named: "mnist").load(.test, from: folder.url)
    }
    #expect(
      refusal
        == .badData(
          "\(folder.url.path): expected images of shape 1x28x28 in 10 classes, as mnist has them, "
            + "found 1x2x3 in 10",
          hint: "to use these images, give the path of the folder instead of a name"))
  }

  @Test("the error about a data set that cannot be downloaded says what to do")
  func noDownload() throws {
    let folder = URL(filePath: "/nowhere/digits")
    let digits = try failure { try DatasetCatalog.entry(named: "mnist5k").download(to: folder) }
    #expect(digits.hint?.hasPrefix("run `make setup`, which fetches it") == true)
    let drawn = try failure { try DatasetCatalog.entry(named: "synthetic").download(to: folder) }
    #expect(drawn == .usage("synthetic is made when it is used: there is nothing to download"))
  }
}
