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
  /// Every pixel is read, which takes a tenth of a second for MNIST's training set. For pictures
  /// that stay in their files, the digest is over the SHA-256 of each picture's pixels instead.
  public var fingerprint: String {
    let digest = Digest()
    func add(_ text: String) { Array(text.utf8).withUnsafeBytes { digest.update($0) } }
    func add(_ numbers: [Int64]) {
      numbers.map(\.littleEndian).withUnsafeBytes { digest.update($0) }
    }
    func add(_ numbers: [Float]) {
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
    if let masks = annotations.masks {
      add("masks\n")
      add(masks.floats())
    }
    switch storage {
    case .memory(let pixels) where pixels.type == .float32: add(pixels.floats())
    case .memory(let pixels): pixels.bytes().withUnsafeBytes { digest.update($0) }
    case .stream(let stream, let places):
      stream.digest(of: places).withUnsafeBytes { digest.update($0) }
    }
    return digest.hex()
  }

  /// The SHA-256 of each image, which two images have in common if and only if their pixels are
  /// stored as the same bytes.
  var imageDigests: [[UInt8]] {
    switch storage {
    case .stream(let stream, let places): places.map { stream.digest(of: [$0]) }
    case .memory(let pixels):
      // A thousand images at a time, since their bytes are copied.
      stride(from: 0, to: count, by: 1000).flatMap { start in
        let part = pixels.narrow(0, start, min(1000, count - start))
        let bytes = part.rawBytes()
        let size = bytes.count / part.shape[0]
        return (0..<part.shape[0]).map {
          Digest.bytes(of: Array(bytes[$0 * size..<($0 + 1) * size]))
        }
      }
    }
  }
}
