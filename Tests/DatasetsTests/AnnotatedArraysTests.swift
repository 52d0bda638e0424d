import Foundation
import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

@Suite("Arrays of masks and groups")
struct AnnotatedArraysTests {
  private let folder = TemporaryFolder()
  private let labels = Tensor([0, 1] as [Int64], shape: [2])

  private func load(
    _ arrays: [(name: String, tensor: Tensor)], _ options: String = "", _ split: Split = .test,
    in format: WrittenFormat = .safetensors
  ) throws -> LabelledImages {
    try DataReference(format.write(arrays, to: folder) + options).load(split)
  }

  @Test(
    "masks and groups are read from the files of Python's libraries",
    arguments: ["annotated.npz", "annotated.safetensors"])
  func fixtures(name: String) throws {
    let data = try ArrayFixture.load(name)
    #expect(data.annotations.groups?.int64s() == ArrayFixture.groups)
    #expect(data.annotations.masks?.shape == [5, 3, 2, 4])
    #expect(data.annotations.masks?.floats() == ArrayFixture.masks)
    #expect(data.notes.isEmpty)
  }

  @Test("a table from NumPy has masks, groups and a stated range")
  func table() throws {
    let path = ArrayFixture.url("table.npz").path
    let data = try DataReference(path + ":range=-1..1").load(.test)
    #expect(data.shape == InputShape(features: 24) && data.valueRange == -1...1)
    let expected = ArrayFixture.pixels.map { Float(Double($0) / 127.5 - 1) }
    #expect(data.batch(0..<5).images.floats() == expected)
    #expect(data.annotations.masks?.shape == [5, 24])
    #expect(data.annotations.masks?.floats() == ArrayFixture.masks)
    #expect(data.annotations.groups?.int64s() == ArrayFixture.groups)
    #expect(try failure { try DataReference(path).load(.test) }.kind == .badData)
  }

  /// The names of the arrays of two splits.
  enum Naming: CaseIterable {
    case crossfire, keras

    func name(_ array: String, _ split: Split) -> String {
      let keras = ["images": "x", "labels": "y"]
      return self == .keras
        ? "\(keras[array] ?? array)_\(split.rawValue)" : "\(split.rawValue)_\(array)"
    }
  }

  @Test(
    "each split has masks and groups of its own, or none",
    arguments: WrittenFormat.allCases, Naming.allCases)
  func splits(format: WrittenFormat, naming: Naming) throws {
    let images = Tensor([0, 1, 2, 3] as [UInt8], shape: [2, 1, 1, 2])
    let masks = Tensor([1, 0, 0, 1] as [UInt8], shape: [2, 1, 1, 2])
    let arrays: [(String, Split, Tensor)] = [
      ("images", .train, images), ("labels", .train, labels), ("masks", .train, masks),
      ("images", .test, images), ("labels", .test, labels),
      ("groups", .test, Tensor([4, 0] as [Int64], shape: [2])),
    ]
    let named = arrays.map { (name: naming.name($0.0, $0.1), tensor: $0.2) }
    let train = try load(named, "", .train, in: format)
    #expect(train.annotations.masks?.floats() == [1, 0, 0, 1])
    #expect(train.annotations.groups == nil)
    let test = try load(named, "", .test, in: format)
    #expect(test.annotations.masks == nil)
    #expect(test.annotations.groups?.int64s() == [4, 0])
  }

  @Test("a mask has the shape of its image, or one channel or none, which stands for all channels")
  func shapes() throws {
    let whole = Tensor((0..<12).map { $0 % 5 == 0 ? 1 : 0 } as [Float], shape: [2, 3, 1, 2])
    let one = Tensor([0, 1, 0.5, 0.25] as [Float], shape: [2, 1, 1, 2])
    let every = one.expanded([2, 3, 1, 2]).floats()
    let first = Tensor.zeros([2, 3, 1, 2], type: .uint8)
    let last = Tensor.zeros([2, 1, 2, 3], type: .uint8)
    let cases: [(Tensor, Tensor, [Float])] = [
      (first, whole, whole.floats()), (first, one, every), (first, one.reshaped([2, 1, 2]), every),
      (last, whole.permuted([0, 2, 3, 1]).contiguous, whole.floats()),
      (last, one.reshaped([2, 1, 2, 1]), every), (last, one.reshaped([2, 1, 2]), every),
    ]
    for (images, masks, expected) in cases {
      let layout = images.shape[1] == 3 ? ":layout=nchw" : ":layout=nhwc"
      let data = try load([("images", images), ("labels", labels), ("masks", masks)], layout)
      #expect(data.annotations.masks?.shape == [2, 3, 1, 2])
      #expect(data.annotations.masks?.floats() == expected, "\(images.shape), \(masks.shape)")
    }
    let grey = Tensor.zeros([2, 1, 2], type: .uint8)
    for masks in [one, one.reshaped([2, 1, 2])] {
      let data = try load([("images", grey), ("labels", labels), ("masks", masks)])
      #expect(data.annotations.masks?.floats() == [0, 1, 0.5, 0.25])
    }
  }

  @Test("held-out images keep their masks and groups")
  func heldOut() throws {
    let numbers = Tensor((0..<40).map { UInt8($0 / 2) }, shape: [20, 1, 2])
    let masks = Tensor((0..<40).map { Float($0 / 2) / 255 }, shape: [20, 1, 2])
    let arrays: [(name: String, tensor: Tensor)] = [
      ("images", numbers), ("labels", Tensor.zeros([20], type: .int64)), ("masks", masks),
      ("groups", Tensor.range(20)),
    ]
    let (train, test) = (
      try load(arrays, ":heldout=0.25", .train), try load(arrays, ":heldout=0.25", .test)
    )
    #expect((train.count, test.count) == (15, 5))
    for data in [train, test] {
      let bytes = data.pixels.bytes()
      #expect(data.annotations.groups?.int64s().flatMap { [$0, $0] } == bytes.map(Int64.init))
      #expect(data.annotations.masks?.floats() == bytes.map { Float($0) / 255 })
    }
  }

  @Test(
    "masks and groups that do not fit are refused with the file, the array and what was expected")
  func refusals() throws {
    func refusal(_ name: String, _ tensor: Tensor) throws -> String {
      let images = Tensor.zeros([2, 3, 1, 2], type: .uint8)
      return try failure {
        try load([("images", images), ("labels", labels), (name, tensor)], ":layout=nchw")
      }.message
    }
    let cases: [(String, Tensor, String)] = [
      (
        "masks", .zeros([2, 2, 1, 2]),
        "expected masks of shape [2, 3, 1, 2] or [2, 1, 1, 2] or [2, 1, 2], found [2, 2, 1, 2]"
      ),
      (
        "masks", .zeros([1, 1, 2]),
        "expected masks of shape [2, 3, 1, 2] or [2, 1, 1, 2] or [2, 1, 2], found [1, 1, 2]"
      ),
      (
        "masks", .full(255, shape: [2, 1, 2], type: .uint8),
        "expected masks of 0 and 1, found values from 255.0 to 255.0"
      ),
      (
        "masks", .full(-0.5, shape: [2, 1, 2]),
        "expected masks from 0 to 1, found values from -0.5 to -0.5"
      ),
      (
        "masks", .full(.nan, shape: [2, 1, 2]),
        "expected masks from 0 to 1, found values that are not a number (NaN), first in example 0 "
          + "(counted from 0)"
      ),
      (
        "groups", Tensor([0, 1, 2] as [Int64], shape: [3]),
        "expected 2 numbers, one for each example, found 3"
      ),
      (
        "groups", Tensor([0, -1] as [Int64], shape: [2]),
        "expected numbers from 0 to 65535, found -1 for example 1"
      ),
      (
        "groups", Tensor([0, 0.5] as [Float], shape: [2]),
        "expected whole numbers [N], found float32 [2]"
      ),
    ]
    for (name, tensor, message) in cases {
      let found = try refusal(name, tensor)
      #expect(found.hasSuffix("x.safetensors, \(name): \(message)"), "\(found)")
    }
  }

  @Test("truth values and whole numbers of any size make masks and groups")
  func types() throws {
    let images = Tensor.zeros([2, 1, 1], type: .uint8)
    for type: Tensor.ElementType in [.bool, .uint8, .int64, .float32, .float64] {
      let masks = Tensor([0, 1] as [Int64], shape: [2, 1, 1]).to(type)
      let data = try load([("images", images), ("labels", labels), ("masks", masks)])
      #expect(
        data.annotations.masks?.floats() == [0, 1] && data.annotations.masks?.type == .float32)
    }
    for type: Tensor.ElementType in [.bool, .uint8, .int32, .int64] {
      let data = try load([("images", images), ("labels", labels), ("groups", labels.to(type))])
      #expect(data.annotations.groups?.int64s() == [0, 1])
    }
  }

  @Test("arrays of masks or groups under names that are not read are reported")
  func overlooked() throws {
    let images = Tensor.zeros([2, 1, 1], type: .uint8)
    let data = try load([("x", images), ("y", labels), ("mask", images), ("other", labels)])
    #expect(data.annotations.masks == nil && data.notes.count == 1)
    #expect(
      data.notes[0].hasSuffix(
        "left out mask; for x, groups are read from groups and masks from masks"))
  }

  @Test("the check of a data set tells its groups, masks and value range")
  func check() throws {
    func found(_ name: String) throws -> [String: String] {
      let rows = try DataReference("\(ArrayFixture.folder.path)/\(name)").check().rows
      return Dictionary(uniqueKeysWithValues: rows.map { ($0.subject, $0.found) })
    }
    let pictures = try found("annotated.npz")
    #expect(pictures["groups"] == "3, of 1 to 2 images each")
    #expect(pictures["masks"] == "32.5 % of all numbers are masked")
    #expect(pictures["value range"] == nil && pictures["shape"] == "3x2x4")
    let table = try found("table.npz:range=-1..1")
    #expect(table["value range"] == "-1 to 1" && table["shape"] == "24")
    let plain = try found("plain.npz")
    #expect(plain["groups"] == nil && plain["masks"] == nil && plain["fingerprint"] != nil)
  }
}
