import Foundation
import ModelCore
import Support

extension LabelledImages {
  /// A digest of the content, which does not depend on the names of the data and of the classes.
  ///
  /// It is the SHA-256 in hexadecimal over the shape, the number of classes, the number of images,
  /// the value range unless it is 0 to 1, the labels, the groups and masks if there are any, and
  /// the pixels. Labels and groups count as 64-bit numbers, masks and float pixels as 32-bit
  /// numbers, all little-endian; other pixels count as bytes.
  ///
  /// The first time every pixel is read, which takes a tenth of a second for MNIST's training set. For pictures
  /// and masks that stay in their files, the digest is over the SHA-256 of the pixels of each instead.
  public var fingerprint: String { fingerprintMemo.value(computedFingerprint) }

  private func computedFingerprint() -> String {
    let digest = Digest()
    func add(_ text: String) { Array(text.utf8).withUnsafeBytes { digest.update($0) } }
    func add(_ numbers: [Int64]) {
      numbers.map(\.littleEndian).withUnsafeBytes { digest.update($0) }
    }
    let isLittleEndian = Int64(1).littleEndian == 1
    func add(_ numbers: [Float]) {
      if isLittleEndian { return numbers.withUnsafeBytes { digest.update($0) } }
      numbers.map(\.bitPattern.littleEndian).withUnsafeBytes { digest.update($0) }
    }
    let sizes = shape.sizes.map(String.init).joined(separator: " ")
    add("\(sizes) \(classCount) \(count)\n")
    if valueRange != 0...1 { add("range \(valueRange)\n") }
    add(labels.int64s())
    if let groups = annotations.groups {
      add("groups\n")
      add(groups.int64s())
    }
    if let masks = annotations.storedMasks {
      add("masks\n")
      switch masks.storage {
      case .stream(let stream, let places):
        stream.digest(of: places.int64s().map(Int.init)).withUnsafeBytes { digest.update($0) }
      case .memory:
        for range in parts { add(annotations[range].masks!.floats()) }
      }
    }
    switch storage {
    case .memory(let pixels) where pixels.type == .float32: add(pixels.floats())
    case .memory(let pixels): pixels.bytes().withUnsafeBytes { digest.update($0) }
    case .channels: for range in parts { add(storage[range].values(in: valueRange).floats()) }
    case .stream(let stream, let places):
      stream.digest(of: places).withUnsafeBytes { digest.update($0) }
    }
    return digest.hex()
  }

  /// The ranges of a thousand images each. Numbers that are made for a digest are made for one range
  /// at a time, since those of all images may take much memory.
  private var parts: [Range<Int>] {
    stride(from: 0, to: count, by: 1000).map { $0..<min(count, $0 + 1000) }
  }

  /// The SHA-256 of the pixels of each image as bytes, from 0 for the lower bound of the value range
  /// to 255 for the upper one, so that images in bytes and in floating-point numbers can be
  /// compared. An image whose values are not bytes has the digest of its 32-bit numbers.
  var imageDigests: [[UInt8]] {
    switch storage {
    case .stream(let stream, let places): places.map { stream.digest(of: [$0]) }
    case .memory(let pixels):
      parts.flatMap { digests(pixels.narrow(0, $0.lowerBound, $0.count).contiguous) }
    case .channels: parts.flatMap { digests(storage[$0].values(in: valueRange).contiguous) }
    }
  }

  private func digests(_ pixels: Tensor) -> [[UInt8]] {
    func parts(_ tensor: Tensor) -> [[UInt8]] {
      let bytes = tensor.rawBytes()
      let size = bytes.count / tensor.shape[0]
      return stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<$0 + size]) }
    }
    guard pixels.type == .float32 else { return parts(pixels).map { Digest.bytes(of: $0) } }
    let width = valueRange.upperBound - valueRange.lowerBound
    let scaled = (pixels - valueRange.lowerBound) * (255 / width)
    let whole = (scaled + 0.5).to(.uint8)
    let distances = (scaled - whole.to(.float32)).absolute
      .reshaped([pixels.shape[0], shape.count]).max([1]).floats()
    return zip(distances, zip(parts(whole), parts(pixels))).map { distance, forms in
      Digest.bytes(of: distance < 0.001 ? forms.0 : forms.1)
    }
  }
}
