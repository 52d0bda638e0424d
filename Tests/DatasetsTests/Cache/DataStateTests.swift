import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

/// Waits until a change of a file gets another time than the changes before it.
func waitForClock() { Thread.sleep(forTimeInterval: 0.03) }

@Suite("The state of the files of data")
struct DataStateTests {
  private let folder = TemporaryFolder()

  private func state(_ split: Split = .train, _ options: String = "") throws -> DataState? {
    try DataReference(folder.url.path + options).state(split)
  }

  /// Pictures in class folders for each split.
  private func pictures() throws {
    for (place, value) in ["train/a/1", "train/b/1", "test/a/1", "test/b/1"].enumerated() {
      try folder.write(try flatPNG(UInt8(10 + place)), to: value + ".png")
    }
  }

  /// Whether a change is seen in the state of the training images.
  private func sees(_ options: String = "", _ change: () throws -> Void) throws -> Bool {
    let before = try #require(try state(.train, options))
    #expect(try state(.train, options) == before)
    waitForClock()
    try change()
    return try state(.train, options) != before
  }

  @Test("a byte that is changed is seen although size and time of the content are as before")
  func hiddenChange() throws {
    try pictures()
    let file = folder.url.appending(path: "train/a/1.png")
    let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
    let date = try #require(attributes[.modificationDate] as? Date)
    #expect(
      try sees {
        let handle = try FileHandle(forWritingTo: file)
        try handle.seek(toOffset: 20)
        try handle.write(contentsOf: [7])
        try handle.close()
        try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: file.path)
      })
  }

  @Test("files that are added, removed or replaced, and folders that change their names, are seen")
  func changes() throws {
    try pictures()
    let (manager, root) = (FileManager.default, folder.url)
    func move(_ from: String, _ to: String) throws {
      try manager.moveItem(at: root.appending(path: from), to: root.appending(path: to))
    }
    #expect(try sees { try folder.write(try flatPNG(3), to: "train/a/2.png") })
    #expect(try sees { try manager.removeItem(at: root.appending(path: "train/a/2.png")) })
    #expect(try sees { try createFolder(root.appending(path: "train/c")) })
    #expect(
      try sees {
        try move("train/a", "train/d")
        try move("train/b", "train/a")
        try move("train/d", "train/b")
      })
    #expect(try sees { try folder.write(Array("a\nb\nc\n".utf8), to: "classes.txt") })
    #expect(try sees { try folder.write(Array("file,label\na/1.png,x\n".utf8), to: "train/l.csv") })
  }

  @Test("the files that a link leads to count")
  func links() throws {
    for name in ["pool/x", "pool/y", "train/b/1", "test/a/1", "test/b/1"] {
      try folder.write(try flatPNG(9), to: name + ".png")
    }
    let link = folder.url.appending(path: "train/a")
    func point(to target: String) throws {
      try? FileManager.default.removeItem(at: link)
      try FileManager.default.createSymbolicLink(
        at: link, withDestinationURL: folder.url.appending(path: target))
    }
    try point(to: "pool")
    #expect(try sees { try folder.write(try flatPNG(8), to: "pool/x.png") })
    // A link to a folder above it does not lead in a circle.
    try point(to: "train")
    #expect(try state() != nil)
  }

  @Test("what lies beside the folders of the splits does not count")
  func beside() throws {
    try pictures()
    #expect(
      try !sees {
        try folder.write([1], to: "experiment.yaml")
        try folder.write([1], to: "results/predictions/x.safetensors")
        try folder.write(try flatPNG(3), to: "results/images/x.png")
        try folder.write([1], to: "train/a/.hidden")
      })
  }

  @Test("with a list, pictures in any folder count")
  func lists() throws {
    try folder.write(try flatPNG(3), to: "pool/x.png")
    try folder.write(try flatPNG(4), to: "test/x.png")
    try folder.write(
      Array("file,label,split\npool/x.png,a,train\ntest/x.png,b,test\n".utf8), to: "list.csv")
    #expect(try sees { try folder.write(try flatPNG(5), to: "pool/x.png") })
    #expect(try sees(":csv=list.csv") { try folder.write(try flatPNG(6), to: "pool/x.png") })
  }

  @Test("every named data set that is here has a state for each split, and missing data have none")
  func named() throws {
    let empty = DataFolders(environment: ["HOME": folder.url.path])
    for entry in DatasetCatalog.all {
      for split in entry.splits {
        let reference = try DataReference(entry.name)
        let isHere = reference.isPresent(split, among: DataFolders())
        #expect((reference.state(split) != nil) == isHere, "\(entry.name) \(split)")
        #expect(
          (reference.state(split, folders: empty) != nil)
            == reference.isPresent(split, among: empty), "\(entry.name) \(split)")
      }
    }
    #expect(try DataReference("mnist").state(.validation) == nil)
    #expect(try DataReference(folder.url.appending(path: "none").path).state(.train) == nil)
  }

  @Test("files, folders of arrays, tables and texts have a state that changes with them")
  func otherFormats() throws {
    for (names, path) in [
      (["x.csv"], "/x.csv"), (["train.csv", "test.csv"], ""),
      (["arrays/images.npy", "arrays/labels.npy"], "/arrays/images.npy"),
      (["sub/train-images-idx3-ubyte", "sub/train-labels-idx1-ubyte"], "/sub"),
      (["cifar/data_batch_1.bin", "cifar/batches.meta.txt"], "/cifar"),
      (["svhn/train_32x32.mat"], "/svhn"),
      (["texts/train/a/1.txt", "texts/test/a/1"], "/texts"),
    ] {
      for name in names { try folder.write([1, 2], to: name) }
      for name in names {
        #expect(try sees(path) { try folder.write([1, 3], to: name) }, "\(name)")
      }
    }
  }

  @Test("files that were changed a moment ago are not settled")
  func settled() throws {
    try pictures()
    let state = try #require(try state())
    let newest = try #require(state.newest)
    #expect(!state.isSettled(at: newest + 1_900_000_000))
    #expect(state.isSettled(at: newest + 2_100_000_000))
    #expect(!state.isSettled(at: newest - 60_000_000_000))
    #expect(try #require(try DataReference("synthetic").state(.train)).isSettled(at: 0))
  }
}
