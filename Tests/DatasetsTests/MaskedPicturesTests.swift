import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

/// A grey PNG file of 4 x 4 pixels whose left `columns` columns have the value `white`, the others 0.
func halfPNG(_ columns: Int, white: UInt8 = 255, side: Int = 4) throws -> Data {
  let shape = InputShape(channels: 1, height: side, width: side)
  let pixels = (0..<side * side).map { $0 % side < columns ? white : 0 }
  return try PNG.encode(Picture(shape: shape, pixels: pixels))
}

@Suite("Pictures with masks and groups")
struct MaskedPicturesTests {
  private let folder = TemporaryFolder()

  private func load(_ options: String = "", _ split: Split? = nil) throws -> LabelledImages {
    let reference = try DataReference(folder.url.path + options)
    return try split.map { try reference.load($0) } ?? reference.load(defaultSplit: .test)
  }

  private func write(_ data: Data, _ path: String) throws { try folder.write(data, to: path) }

  private func list(_ text: String, _ name: String = "labels.csv") throws {
    try folder.write(Array(text.utf8), to: name)
  }

  /// For each picture, by the value of its first pixel: how many of its mask's numbers are 1.
  private func marked(_ data: LabelledImages) throws -> [Int64: Int] {
    let batch = data.batch(0..<data.count)
    let values = batch.images.narrow(3, 0, 1).narrow(2, 0, 1).narrow(1, 0, 1) * 255 + 0.5
    let masks = try #require(batch.annotations.masks)
    #expect(masks.shape == batch.images.shape)
    return Dictionary(
      uniqueKeysWithValues: zip(
        values.int64s(), masks.sum([1, 2, 3]).floats().map { Int($0.rounded()) }))
  }

  @Test("masks/ beside images/ has the masks of the pictures of the same name, others have zeros")
  func besideImages() throws {
    try write(flatPNG(10), "images/a/1.png")
    try write(flatPNG(20), "images/a/2.png")
    try write(flatPNG(30), "images/b/1.png")
    try write(halfPNG(1), "masks/a/1.png")
    try write(halfPNG(3, white: 1), "masks/b/1.png")
    let data = try load()
    #expect(data.classNames == ["a", "b"] && data.annotations.groups == nil)
    #expect(try marked(data) == [10: 4, 20: 0, 30: 12])
    #expect(data.notes.isEmpty)
    let masks = try #require(data.batch(0..<1).annotations.masks)
    #expect(masks.floats() == [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0])
  }

  @Test("a mask goes through the preparation of its picture and stays black and white")
  func preparation() throws {
    try write(flatPNG(10, side: 8), "images/a/1.png")
    try write(flatPNG(20, channels: 3, side: 8), "images/b/1.png")
    try write(halfPNG(3, side: 8), "masks/a/1.png")
    // Three of eight columns become 1.5 of 4, of which the cut in the middle drops one.
    let data = try load(":resize=4,crop=2")
    #expect(data.shape == InputShape(channels: 3, height: 2, width: 2))
    let whole = try load(":resize=4")
    let masks = try #require(whole.batch(at: Tensor(labels: [0])).annotations.masks)
    #expect(Set(masks.floats()) == [0, 1])
    #expect(try marked(whole) == [10: 3 * 8, 20: 0])
    #expect(try marked(data) == [10: 3 * 2, 20: 0])
  }

  @Test("grey levels are shares without a threshold, and marks=relevant inverts the masks there are")
  func levels() throws {
    try write(flatPNG(10), "images/a/1.png")
    try write(flatPNG(20), "images/a/2.png")
    try write(halfPNG(2, white: 204), "masks/a/1.png")
    let soft = try #require(try load().batch(0..<1).annotations.masks)
    #expect(Array(soft.floats().prefix(4)) == [0.8, 0.8, 0, 0])
    #expect(try marked(load(":threshold=100")) == [10: 8, 20: 0])
    #expect(try marked(load(":threshold=204")) == [10: 0, 20: 0])
    try write(halfPNG(1), "masks/a/1.png")
    #expect(try marked(load(":marks=relevant")) == [10: 12, 20: 0])
  }

  @Test("masks that stay in their files are those in memory, for every batch and part")
  func streamed() throws {
    for index in 0..<12 {
      try write(flatPNG(UInt8(index + 1), channels: 3, side: 6), "images/\(index % 2)/\(index).png")
      if index % 3 > 0 {
        try write(halfPNG(index % 5 + 1, side: 6), "masks/\(index % 2)/\(index).png")
      }
    }
    let settings = try Settings(
      [
        .init(name: "crop", value: .scalar("4"), place: "x"),
        .init(name: "group", value: .scalar("mask"), place: "x"),
      ], place: "x")
    let small = try #require(try PictureFolder(folder.url, settings, memory: 100))
    let stream = try small.load(nil, name: "s") { _, _ in }
    let whole = try load(":crop=4,group=mask")
    #expect(stream.isStreamed && !whole.isStreamed)
    #expect(stream.groupNames == ["0, mask", "0, no mask", "1, mask", "1, no mask"])
    func expectEqual(_ a: Batch, _ b: Batch) throws {
      #expect(a.images.floats() == b.images.floats())
      let masks = (try #require(a.annotations.masks), try #require(b.annotations.masks))
      #expect(masks.0.shape == [a.count, 3, 4, 4] && masks.0.floats() == masks.1.floats())
      #expect(a.annotations.groups?.int64s() == b.annotations.groups?.int64s())
    }
    for range in [0..<5, 5..<10, 3..<4, 10..<12] {
      try expectEqual(stream.batch(range), whole.batch(range))
    }
    let places = Tensor(labels: [11, 0, 5, 5])
    try expectEqual(stream.batch(at: places), whole.batch(at: places))
    try expectEqual(
      stream.subset(4..<9).choosing([3, 0]).batch(0..<2), whole.choosing([7, 4]).batch(0..<2))
    #expect(stream.annotations.storedMasks?.share == whole.annotations.storedMasks?.share)
    try stream.check(has: [.masks, .groups])
    let before = stream.fingerprint
    try write(halfPNG(6, side: 6), "masks/1/1.png")
    #expect(try small.load(nil, name: "t") { _, _ in }.fingerprint != before)
  }

  @Test("each split has its own images/ and masks/, or images/ and masks/ have the splits")
  func splits() throws {
    for (index, path) in ["train/a", "train/b", "test/a", "test/b"].enumerated() {
      let parts = path.split(separator: "/")
      try write(flatPNG(UInt8(10 + index)), "one/\(parts[0])/images/\(parts[1])/x.png")
      try write(halfPNG(index + 1), "one/\(parts[0])/masks/\(parts[1])/x.png")
      try write(flatPNG(UInt8(10 + index)), "two/images/\(path)/x.png")
      try write(halfPNG(index + 1), "two/masks/\(path)/x.png")
    }
    for place in ["one", "two"] {
      let reference = try DataReference(folder.appending(place).path)
      #expect(try marked(reference.load(.train)) == [10: 4, 11: 8], "\(place)")
      #expect(try marked(reference.load(.test)) == [12: 12, 13: 16], "\(place)")
      #expect(try reference.load(.test).notes.isEmpty, "\(place)")
    }
  }

  @Test("a list states classes, groups and masks, and its order of columns does not matter")
  func lists() throws {
    for value in 1...4 { try write(flatPNG(UInt8(value)), "images/\(value).png") }
    try write(halfPNG(1), "masks/one.png")
    try write(halfPNG(2), "masks/two,three.png")
    try list(
      "\u{FEFF}mask,group,file,label\r\none.png,snow,4.png,wolf\r\n"
        + ",\"grass, wet\",1.png,husky\r\n\"two,three.png\",snow,3.png,husky\r\n")
    let data = try load()
    #expect(data.classNames == ["husky", "wolf"] && data.labels.int64s() == [0, 1, 0])
    #expect(data.groupNames == ["grass, wet", "snow"])
    #expect(data.annotations.groups?.int64s() == [0, 1, 1])
    #expect(try marked(data) == [1: 0, 4: 4, 3: 8])
  }

  @Test("a list with a column split divides the pictures, which share classes and groups")
  func dividedList() throws {
    for value in 1...4 { try write(flatPNG(UInt8(value)), "images/\(value).png") }
    try list(
      "file,label,split,place\n1.png,a,train,p\n2.png,b,train,p\n3.png,c,test,q\n4.png,a,val,q\n")
    let (train, test) = (try load(":group=place", .train), try load(":group=place", .test))
    #expect(train.classNames == ["a", "b", "c"] && train.count == 2)
    #expect(test.labels.int64s() == [2] && test.groupNames == ["p", "q"])
    #expect(test.annotations.groups?.int64s() == [1])
    #expect(try load(":group=place", .validation).labels.int64s() == [0])
    #expect(train.notes.contains { $0.contains("without an example here") && $0.hasSuffix("'q'") })
    #expect(test.notes.contains { $0.contains("groups with a single example") })
  }

  @Test(
    "folders can be the classes of listed pictures, and pictures that are not listed are counted")
  func classFolders() throws {
    for path in ["a/1", "a/2", "b/3"] { try write(flatPNG(UInt8(path.utf8.last!)), path + ".png") }
    try list("file,group\na/1.png,x\nb/3.png,y\n")
    let data = try load()
    #expect(data.classNames == ["a", "b"] && data.count == 2 && data.groupNames == ["x", "y"])
    #expect(data.notes.contains { $0.contains("does not list: 1, such as a/2.png; left out") })
  }

  @Test("groups may be the classes, or the folders within them")
  func groups() throws {
    for path in ["a/snow/1", "a/grass/2", "b/3"] {
      try write(flatPNG(UInt8(path.utf8.last!)), path + ".png")
    }
    #expect(try load(":group=label").groupNames == ["a", "b"])
    let data = try load(":group=folder")
    #expect(data.groupNames == ["a/grass", "a/snow", "b"])
    #expect(data.annotations.groups?.int64s() == [0, 2, 1])
    #expect(try load().annotations.groups == nil)
    let refusal = try failure { try load(":group=place") }
    #expect(refusal.message.contains("there is no list with its group"))
    #expect(refusal.hint?.contains("group=label") == true)
  }

  // MARK: The layouts of publications

  @Test("folders laid out as Plant: leaf masks that show what matters, and groups that are classes")
  func plant() throws {
    for split in ["train", "val", "test"] {
      for (index, name) in ["healthy", "sick"].enumerated() {
        try write(flatPNG(UInt8(40 + index), channels: 3), "\(split)/images/\(name)/1.png")
        try write(halfPNG(3), "\(split)/masks/\(name)/1.png")
      }
    }
    for split in Split.allCases {
      let data = try load(":marks=relevant,group=label", split)
      #expect(data.groupNames == ["healthy", "sick"])
      #expect(try marked(data) == [40: 12, 41: 12])
    }
  }

  @Test("folders laid out as ISIC: masks of the patches over 100, three groups by class and patch")
  func isic() throws {
    for (value, name) in [(1, "benign/p"), (2, "benign/q"), (3, "malignant/r")] {
      try write(flatPNG(UInt8(value)), "images/\(name).png")
    }
    // The mask lies in one folder, under the name of the picture.
    try write(halfPNG(2, white: 120), "masks/q.png")
    let data = try load(":threshold=100,group=mask")
    #expect(data.groupNames == ["benign, mask", "benign, no mask", "malignant, no mask"])
    #expect(data.annotations.groups?.int64s() == [1, 2, 0])
    #expect(try marked(data) == [1: 0, 2: 8, 3: 0])
  }

  @Test("a list as of Salient-ImageNet: masks of several features, and votes as grey levels")
  func salient() throws {
    for value in 1...2 { try write(flatPNG(UInt8(value)), "images/\(value).png") }
    for (votes, columns) in [(2, 4), (3, 1), (5, 2)] {
      try write(halfPNG(columns, white: UInt8(votes)), "masks/\(votes)-votes.png")
    }
    try list(
      "file,label,mask\n1.png,dog,2-votes.png;3-votes.png;5-votes.png\n2.png,cat,2-votes.png\n")
    #expect(try marked(load(":threshold=2")) == [1: 8, 2: 0])
    #expect(try failure { try load() }.hint?.contains("threshold=") == true)
  }
}
