import ModelCore
import Support
import TestSupport
import Testing

@testable import Datasets

/// Each hint is followed, and the data are read then.
@Suite("Advice about arrays")
struct ArrayAdviceTests {
  private let folder = TemporaryFolder()
  private let two = Tensor([0, 1] as [Int64], shape: [2])

  private func load(_ images: Tensor, _ labels: Tensor? = nil, _ options: String = "") throws
    -> LabelledImages
  {
    let path = try WrittenFormat.npz.write(
      [("images", images), ("labels", labels ?? two)], to: folder)
    return try DataReference(path + options).load(defaultSplit: .test)
  }

  /// Two grey pictures of 1 x 2 pixels.
  private func pixels(_ values: [Float]) -> Tensor { Tensor(values, shape: [2, 1, 1, 2]) }

  /// The option at the end of a hint, such as `:range=0..255`.
  private func option(_ refusal: Failure) throws -> String {
    let hint = try #require(refusal.hint)
    return String(hint[try #require(hint.range(of: ":", options: .backwards)).lowerBound...])
  }

  @Test("values that exceed the range by rounding are clipped, and others are refused")
  func rounding() throws {
    let clipped = try load(pixels([1.0000001, -3e-8, 0.5, 1]))
    #expect(clipped.batch(0..<2).images.floats() == [1, 0, 0.5, 1])
    let wide = try load(pixels([255.0002, 0, 7, -0.0002]), nil, ":range=0..255")
    #expect(wide.batch(0..<2).images.floats() == [255, 0, 7, 0])
    #expect(try failure { try load(pixels([1.00001, 0, 0.5, 1])) }.hint?.contains("clip") == true)
    #expect(try failure { try load(pixels([-0.0001, 0, 0.5, 1])) }.kind == .badData)
    let masks = pixels([1.0000001, 0, 0.5, 1])
    let path = try WrittenFormat.npz.write(
      [("images", pixels([0, 1, 0, 1])), ("labels", two), ("masks", masks)], to: folder)
    let data = try DataReference(path).load(defaultSplit: .test)
    #expect(data.annotations.masks?.floats() == [1, 0, 0.5, 1])
  }

  @Test(
    "the range in a hint holds the values",
    arguments: [
      [0, 1.3], [0, 2], [0, 2.5], [0, 254.5], [0, 4095], [0, 65_535], [0, 70_000], [-1, 1],
      [-2.1, 2.6], [-0.2, 1], [-7, -5],
    ] as [[Float]])
  func ranges(ends: [Float]) throws {
    let images = pixels([ends[0], ends[1], ends[0], ends[1]])
    let refusal = try failure { try load(images) }
    let data = try load(images, nil, try option(refusal))
    #expect(data.batch(0..<2).images.floats() == images.floats())
    let narrow = try failure { try load(images, nil, ":range=-0.1..0.1") }
    #expect(try load(images, nil, try option(narrow)).count == 2)
  }

  @Test("a value that is not a number is named as such, with its example")
  func notNumbers() throws {
    let refusal = try failure { try load(pixels([0, 1, .nan, 1])) }
    #expect(
      refusal.message.hasSuffix(
        "found values that are not a number (NaN), first in example 1 (counted from 0)"))
    #expect(refusal.hint?.contains("numpy.nan_to_num") == true)
    #expect(
      try failure { try load(pixels([0, 1, .infinity, 1])) }.hint?.contains("infinite") == true)
  }

  @Test("images of whole numbers other than uint8 are converted as the hint says")
  func wholeNumbers() throws {
    func whole(_ values: [Int64]) -> Tensor { Tensor(values, shape: [2, 1, 1, 2]) }
    let bytes = whole([0, 255, 3, 1])
    #expect(
      try failure { try load(bytes) }.hint == "convert them with NumPy: astype('uint8')")
    #expect(try load(bytes.to(.uint8)).count == 2)
    let binary = whole([0, 1, 1, 0])
    #expect(try failure { try load(binary) }.hint?.contains("astype('bool')") == true)
    #expect(try load(binary.to(.bool)).batch(0..<2).images.floats() == [0, 1, 1, 0])
    for values: [Int64] in [[0, 65_535, 4, 4], [-3, 2, 0, 0]] {
      let refusal = try failure { try load(whole(values)) }
      #expect(refusal.message.contains("whole numbers of another type"))
      #expect(refusal.hint?.contains("astype('float32')") == true)
      #expect(
        try load(whole(values).to(.float32), nil, try option(refusal)).batch(0..<2).images.floats()
          == values.map(Float.init))
    }
  }

  @Test("labels in other forms are refused, and read when they are changed as the hint says")
  func labels() throws {
    let images = pixels([0, 1, 0, 1])
    let oneHot = Tensor([1, 0, 0, 1] as [Float], shape: [2, 2])
    #expect(
      try failure { try load(images, oneHot) }.hint
        == "if each row marks one class, save labels.argmax(axis=1)")
    #expect(try load(images, oneHot.argmax(1)).labels.int64s() == [0, 1])
    let floats = two.to(.float32)
    #expect(
      try failure { try load(images, floats) }.hint
        == "if they are whole numbers, save labels.astype('int64')")
    let row = two.reshaped([1, 2])
    #expect(
      try failure { try load(images, row) }.hint?.hasPrefix("save labels.reshape(-1)") == true)
    #expect(try load(images, two.reshaped([2, 1])).labels.int64s() == [0, 1])
    let negative = Tensor([-1, 1] as [Int64], shape: [2])
    #expect(try failure { try load(images, negative) }.hint?.contains("numpy.unique") == true)
    let few = try failure { try load(images, Tensor([0, 4] as [Int64], shape: [2]), ":classes=3") }
    #expect(few.hint == "state the number of classes with :classes=5 or more")
  }

  @Test("texts, objects and complex numbers are named, each with advice of its own")
  func otherElements() throws {
    for (type, found, advice) in [
      ("<U5", "texts", "numpy.unique(texts, return_inverse=True)"),
      ("|S3", "texts", "numpy.unique(texts, return_inverse=True)"),
      ("|O", "Python objects", "numpy.array(array.tolist())"),
      ("<c8", "complex numbers", "numpy.abs(array)"), ("<M8[s]", "times", "astype('int64')"),
      ("<f16", "other elements", "astype('float32')"),
    ] {
      let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (1,), }"
      let file = NPY.signature + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8) + [0]
      let refusal = try failure { try NPY.tensor(file, named: "f") }
      #expect(
        refusal.message == "f: expected numbers or truth values, found \(found) ('\(type)')")
      #expect(refusal.hint?.contains(advice) == true)
    }
  }

  @Test("numbers of 16 bits are read as NumPy's float16")
  func halves() throws {
    let words: [(UInt16, Float)] = [
      (0, 0), (0x3c00, 1), (0x3800, 0.5), (0x0001, 0x1p-24), (0x03ff, 1023 * 0x1p-24),
      (0x0400, 0x1p-14), (0x7bff, 65_504), (0xbc00, -1), (0x3555, 0.333251953125),
      (0xfc00, -.infinity),
    ]
    for isBig in [false, true] {
      let header =
        "{'descr': '\(isBig ? ">" : "<")f2', 'fortran_order': False, 'shape': (\(words.count),), }"
      let body = words.flatMap { [UInt8($0.0 & 255), UInt8($0.0 >> 8)] }
      let file =
        NPY.signature + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)
        + (isBig ? words.flatMap { [UInt8($0.0 >> 8), UInt8($0.0 & 255)] } : body)
      #expect(try NPY.tensor(file, named: "f").floats() == words.map(\.1))
    }
  }

  @Test("labels that count from 1 are noticed")
  func fromOne() throws {
    let images = Tensor.zeros([3, 1, 1, 2], type: .uint8)
    let labels = Tensor([1, 2, 3] as [Int64], shape: [3])
    let data = try load(images, labels)
    #expect(
      data.notes.last?.hasSuffix(
        "the labels are 1 to 3, so class 0 has no images; subtract 1 if they count from 1") == true)
    #expect(try load(images, labels - 1).notes.isEmpty)
    #expect(try load(images, labels, ":classes=4").notes.isEmpty)
    #expect(data.advice(forModelWith: 3).contains("subtract 1 from each"))
  }

  @Test("the number of classes that a model asks for can be stated as the advice says")
  func moreClasses() throws {
    let data = try load(pixels([0, 1, 0, 1]))
    let advice = data.advice(forModelWith: 3)
    #expect(advice.hasSuffix("classes=3, as in \(data.name):classes=3"))
    let reference = try #require(advice.split(separator: " ").last)
    #expect(try DataReference(String(reference)).load(defaultSplit: .test).classCount == 3)
    #expect(data.advice(forModelWith: 1).hasPrefix("use a model of these 2 classes"))
    #expect(data.prefix(1).advice(forModelWith: 3) == advice)
  }

  @Test("an option classes that contradicts the names in the file is refused")
  func namedClasses() throws {
    let place = folder.url.appending(path: "named.safetensors")
    try SafetensorsFile.write(
      [("images", pixels([0, 1, 0, 1])), ("labels", two)],
      metadata: ["classNames": #"["cat", "dog"]"#], to: place)
    #expect(try DataReference(place.path + ":classes=2").load(defaultSplit: .test).classCount == 2)
    #expect(
      try failure { try DataReference(place.path + ":classes=3").load(defaultSplit: .test) }
        .message.hasSuffix(
          "its metadata classNames name 2 classes, and the option classes=3 states another number"))
  }
}
