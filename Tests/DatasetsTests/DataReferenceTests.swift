import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

@Suite("Data references")
struct DataReferenceTests {
  /// Folders that do not exist, so no named data set is found.
  private let nowhere = DataFolders(environment: [
    "CROSSFIRE_DATA": "/no/data", "XDG_CACHE_HOME": "/no/cache",
  ])

  /// A folder with a test set of two images, and a training set of three where asked.
  private func fill(_ folder: TemporaryFolder, under path: String = "", train: Bool = false) throws
  {
    try folder.write(idxImages(count: 2), to: path + "t10k-images-idx3-ubyte")
    try folder.write(idxLabels([0, 1]), to: path + "t10k-labels-idx1-ubyte")
    guard train else { return }
    try folder.write(gzip(idxImages(count: 3)), to: path + "train-images-idx3-ubyte.gz")
    try folder.write(gzip(idxLabels([0, 1, 2])), to: path + "train-labels-idx1-ubyte.gz")
  }

  @Test("a reference may name a split; without one the default split is loaded")
  func splits() throws {
    #expect(try DataReference("synthetic").load(defaultSplit: .train).name == "synthetic:train")
    #expect(try DataReference("synthetic").load(defaultSplit: .test).name == "synthetic:test")
    #expect(try DataReference("synthetic:test").load(defaultSplit: .train).name == "synthetic:test")
    #expect(try DataReference("synthetic:test").load(.train).name == "synthetic:train")
    #expect(try DataReference("mnist:train").split == .train)
    #expect(try DataReference("mnist:train").entry?.name == "mnist")
    #expect(try "\(DataReference("mnist:train"))" == "mnist:train")
  }

  @Test("a path to IDX files is read with or without a split")
  func paths() throws {
    let folder = TemporaryFolder()
    try fill(folder, train: true)
    let path = folder.url.path
    #expect(try DataReference(path).load(defaultSplit: .test).count == 2)
    let train = try DataReference(path + ":train").load(defaultSplit: .test)
    #expect((train.count, train.name) == (3, path + ":train"))
    #expect(try DataReference(path).entry == nil)
  }

  @Test(
    "CROSSFIRE_DATA is searched before the cache, and the cache provides what is missing there")
  func lookup() throws {
    let (chosen, cache) = (TemporaryFolder(), TemporaryFolder())
    let folders = DataFolders(environment: [
      "CROSSFIRE_DATA": chosen.url.path, "XDG_CACHE_HOME": cache.url.path,
    ])
    let reference = try DataReference("mnist")
    try fill(cache, under: "crossfire/data/mnist/", train: true)
    #expect(
      try reference.folder(of: .test, among: folders).path == cache.url.path
        + "/crossfire/data/mnist")
    try fill(chosen, under: "mnist/")
    #expect(try reference.folder(of: .test, among: folders).path == chosen.url.path + "/mnist")
    #expect(
      try reference.folder(of: .train, among: folders).path == cache.url.path
        + "/crossfire/data/mnist")
  }

  @Test("the place of the cache follows the XDG specification")
  func cache() {
    #expect(
      DataFolders(environment: ["HOME": "/home/ada"]).cache.path
        == "/home/ada/.cache/crossfire/data")
    #expect(
      DataFolders(environment: ["HOME": "/h", "XDG_CACHE_HOME": "/c"]).cache.path
        == "/c/crossfire/data")
    #expect(
      DataFolders(environment: ["HOME": "/h", "XDG_CACHE_HOME": "c"]).cache.path
        == "/h/.cache/crossfire/data")
    #expect(DataFolders(environment: ["HOME": "/h", "CROSSFIRE_DATA": ""]).chosen == nil)
  }

  @Test("a data set that is not found is missing, with the searched folders and the way to get it")
  func missing() throws {
    let refusal = try failure {
      try DataReference("mnist").load(defaultSplit: .test, folders: nowhere)
    }
    #expect(
      refusal
        == .missing(
          "the data set mnist (test) is not on this machine; "
            + "searched /no/data/mnist and /no/cache/crossfire/data/mnist",
          hint: "download it with: crossfire data get mnist; "
            + "or set CROSSFIRE_DATA to the folder whose subfolder mnist holds it"))
    let digits = try failure {
      try DataReference("mnist5k").load(defaultSplit: .test, folders: nowhere)
    }
    #expect(digits.kind == .missing)
    #expect(digits.hint?.contains("and put it into /no/cache/crossfire/data/mnist5k") == true)
    let grey = try failure {
      try DataReference("svhn-grey").load(defaultSplit: .test, folders: nowhere)
    }
    #expect(grey.message.contains("/no/cache/crossfire/data/svhn"))
  }

  @Test("a text that is neither a known name nor a path is wrong usage")
  func usage() throws {
    #expect(
      try failure { try DataReference("minst5k") }.hint?.hasPrefix("did you mean 'mnist5k'?")
        == true)
    #expect(
      try failure { try DataReference("mnist:valid") }
        == .usage(
          "there is no split 'valid' of mnist", hint: "write mnist:train or mnist:test"))
    #expect(
      try failure { try DataReference(":test") }
        == .usage("expected the name of a data set or the path of a folder or file, found ':test'"))
    #expect(try failure { try DataReference("") }.kind == .usage)
  }

  @Test("a path to a file or folder that does not exist is missing")
  func noFolder() throws {
    let refusal = try failure { try DataReference("/no/folder:test").load(defaultSplit: .test) }
    #expect(refusal.kind == .missing)
    #expect(refusal.message == "No such file or folder: /no/folder")
  }

  @Test("the error about a folder without images lists the known formats")
  func otherFolders() throws {
    let folder = TemporaryFolder()
    let empty = try failure { try DataReference(folder.url.path).load(defaultSplit: .test) }
    #expect(empty.message == "found no images of a known format at \(folder.url.path)")
    #expect(empty.hint?.contains("IDX files under MNIST's names") == true)
    #expect(empty.kind == .missing)
  }

  @Test("the error about a split that a folder lacks names the split that it has")
  func otherSplit() throws {
    let folder = TemporaryFolder()
    try fill(folder)
    let refusal = try failure { try DataReference(folder.url.path).load(defaultSplit: .train) }
    #expect(refusal == .missing("\(folder.url.path) has no split 'train', only test"))
  }
}
