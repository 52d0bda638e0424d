import ModelCore
import Support
import Testing

@testable import Datasets

@Suite("The storage of masks, and the names of groups")
struct MaskStorageTests {
  /// Four colour pictures of 1 x 2 pixels with masks.
  private func make(masks: Tensor?, groupNames: [String]? = nil) throws -> LabelledImages {
    try LabelledImages(
      name: "toy", classNames: ["a", "b"],
      pixels: Tensor((0..<24).map { UInt8($0) }, shape: [4, 3, 1, 2]), labels: [0, 1, 1, 0],
      groups: [2, 0, 1, 2], groupNames: groupNames, masks: masks)
  }

  /// Which pixels of each picture are masked, the same for all channels.
  private let pixels = Tensor([1, 0, 0, 1, 1, 1, 0, 0] as [Float], shape: [4, 1, 1, 2])

  /// The fingerprint of `make` with these masks, computed in Python as the documentation of
  /// `fingerprint` says, from float32 masks in the shape of the images.
  private static let fingerprint =
    "89afcbd665b6d1bc072c348c6560de9bc205b6503be1f7775c9129398d4ac7a5"

  /// The same masks in every form that they may be given in.
  private var forms: [Tensor] {
    let whole = pixels.expanded([4, 3, 1, 2])
    return [whole, whole.contiguous, whole.to(.uint8), whole.to(.bool), pixels, pixels.to(.uint8)]
  }

  @Test("masks of 0 and 1 take a byte a number, and one for all channels is kept once")
  func sizes() throws {
    for masks in forms {
      let stored = try #require(try make(masks: masks).annotations.storedMasks?.stored)
      #expect(stored.type == .uint8 && stored.shape == masks.shape)
    }
    let fractions = try make(masks: pixels * 0.5).annotations.storedMasks?.stored
    #expect(fractions?.type == .float32 && fractions?.shape == [4, 1, 1, 2])
  }

  @Test("a batch has float32 masks in the images' shape, however they are stored")
  func batches() throws {
    let expected: [Float] = [0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1]
    let indices = Tensor([1, 2] as [Int64], shape: [2])
    for masks in forms {
      let data = try make(masks: masks)
      for batch in [data.batch(1..<3), data.batch(at: indices), data.subset(1..<4).batch(0..<2)] {
        let found = try #require(batch.annotations.masks)
        #expect(found.type == .float32 && found.shape == [2, 3, 1, 2])
        #expect(found.floats() == expected)
      }
      #expect(data.annotations.masks?.shape == [4, 3, 1, 2])
    }
  }

  @Test("the fingerprint does not depend on the storage of the masks, only on their values")
  func fingerprints() throws {
    let prints = try forms.map { try make(masks: $0).fingerprint }
    #expect(Set(prints).count == 1)
    #expect(prints[0] == Self.fingerprint)
    #expect(try make(masks: pixels * 0.5).fingerprint != prints[0])
  }

  @Test("masks of another shape are refused")
  func refusals() throws {
    for shape in [[4, 2, 1, 2], [4, 1, 2, 1], [4, 6]] {
      #expect(
        try failure { try make(masks: .zeros(shape)) }
          == .badData(
            "toy: expected masks in the images' shape [4, 3, 1, 2], found \(shape)"))
    }
  }

  @Test("the names of groups stay with the images in subsets and held-out images")
  func names() throws {
    let data = try make(masks: nil, groupNames: ["left", "right", "none"])
    let names = ["left", "right", "none"]
    let parts = try data.holdingOut(1, seed: Seed(1))
    for part in [data, data.subset(0..<2), data.prefix(1), parts.rest, parts.heldOut] {
      #expect(part.groupNames == names)
    }
    #expect(try make(masks: nil).groupNames == nil)
    #expect(try make(masks: nil).fingerprint == data.fingerprint)
    #expect(
      try failure { try make(masks: nil, groupNames: ["left", "right"]) }
        == .badData(
          "toy: expected a name for each group, found 2 names and the group 2, where groups count "
            + "from 0"))
  }
}
