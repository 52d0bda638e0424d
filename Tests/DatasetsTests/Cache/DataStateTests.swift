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

  @Test("a list with any ending counts, and so do the pictures that it names, hidden ones too")
  func listsOfAnyName() throws {
    func list(_ label: String) -> [UInt8] {
      Array("file,label\n.pool/x.dat,\(label)\na/1.png,b\n".utf8)
    }
    for name in ["labels.tsv", ".labels", ".labels.dat"] {
      for place in ["", "train/"] {
        try folder.write(try flatPNG(3), to: place + "a/1.png")
        try folder.write(try flatPNG(4), to: place + ".pool/x.dat")
        try folder.write(list("a"), to: place + name)
        let options = ":csv=\(name)"
        #expect(try sees(options) { try folder.write(list("c"), to: place + name) }, "\(name)")
        #expect(try sees(options) { try folder.write(try flatPNG(5), to: place + ".pool/x.dat") })
      }
    }
    try folder.write([1], to: "link/target")
    try FileManager.default.createSymbolicLink(
      at: folder.url.appending(path: ".link.csv"),
      withDestinationURL: folder.url.appending(path: "link/target"))
    #expect(try sees(":csv=.link.csv") { try folder.write([2], to: "link/target") })
  }

  @Test("with a list that is found, every file counts in the folder that the list is about")
  func foundLists() throws {
    let list = Array("file,label\n.pool/x.dat,a\na/1.png,b\n".utf8)
    for place in ["train/", ""] {
      try folder.write(try flatPNG(3), to: place + "a/1.png")
      try folder.write(try flatPNG(4), to: place + ".pool/x.dat")
      try folder.write(list, to: place + "list.csv")
      #expect(
        try sees { try folder.write(list.map { $0 == 97 ? 99 : $0 }, to: place + "list.csv") })
      #expect(try sees { try folder.write(try flatPNG(5), to: place + ".pool/x.dat") }, "\(place)")
    }
  }

  @Test("a link that leads nowhere does not hide the state, and a file that it gets counts")
  func brokenLink() throws {
    try pictures()
    try FileManager.default.createSymbolicLink(
      at: folder.url.appending(path: "train/a/2.png"),
      withDestinationURL: folder.url.appending(path: "later.png"))
    #expect(try sees { try folder.write(try flatPNG(3), to: "later.png") })
  }

  @Test("posts count whatever their names end in")
  func posts() throws {
    for split in ["train", "test"] {
      try folder.write([1], to: "20news-bydate-\(split)/alt.atheism/1.old")
    }
    func digest() throws -> String {
      var stamps = FileStamps()
      for source in Newsgroups.sources(in: folder.url) { #expect(source.add(to: &stamps)) }
      return stamps.hex()
    }
    let before = try digest()
    waitForClock()
    try folder.write([2], to: "20news-bydate-train/alt.atheism/1.old")
    #expect(try digest() != before)
  }

  @Test("copies that keep the times have the same digest, and a change of one is seen in it")
  func copies() throws {
    let manager = FileManager.default
    func setTimes(_ seconds: Double, of folder: URL) throws {
      for name in try manager.subpathsOfDirectory(atPath: folder.path) {
        try manager.setAttributes(
          [.modificationDate: Date(timeIntervalSince1970: seconds)],
          ofItemAtPath: folder.appending(path: name).path)
      }
    }
    for (path, options) in [
      ("/train/a/1.png", ""), ("/list.csv", ""), ("/.pool/x.dat", ":csv=list.csv"),
      ("/train.csv", ""), ("/images.npy", "/images.npy"), ("/x.npz", "/x.npz"),
    ] {
      let (first, second) = (TemporaryFolder(), TemporaryFolder())
      let copy = second.appending("another/name")
      try createFolder(copy.deletingLastPathComponent())
      if path.hasSuffix("png") || path.contains("list") || path.contains("pool") {
        try first.write(try flatPNG(3), to: "train/a/1.png")
        try first.write(try flatPNG(3), to: "test/a/1.png")
        if !path.hasSuffix("png") { try first.write(Array("file,label\n".utf8), to: "list.csv") }
      }
      if !path.hasSuffix("png"), path != "/list.csv" {
        try first.write([1, 2], to: String(path.dropFirst()))
      }
      try manager.copyItem(at: first.url, to: copy)
      try setTimes(1_700_000_000, of: first.url)
      try setTimes(1_700_000_000, of: copy)
      func digest(_ folder: URL) throws -> String {
        try #require(try DataReference(folder.path + options).copyDigest(.train), "\(path)")
      }
      let before = try digest(first.url)
      #expect(try digest(copy) == before, "\(path)")
      try manager.setAttributes([.posixPermissions: 0o600], ofItemAtPath: copy.path + path)
      #expect(try digest(copy) == before, "\(path)")
      #expect(
        try DataReference(copy.path + options).state(.train)
          != DataReference(first.url.path + options).state(.train))
      try Data([1, 2, 3]).write(to: URL(filePath: copy.path + path))
      #expect(try digest(copy) != before, "\(path)")
      try Data([1, 2, 4]).write(to: URL(filePath: first.url.path + path))
      try setTimes(1_700_000_001, of: first.url)
      #expect(try digest(first.url) != before, "\(path)")
    }
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
