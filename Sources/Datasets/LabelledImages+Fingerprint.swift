import Foundation
import ModelCore
import Support

extension LabelledImages {
  /// What the data are, whatever they are called: SHA-256 in hexadecimal over shape, class count,
  /// count, value range, labels (64-bit, little-endian), groups and masks where there are any, and
  /// pixels (bytes, or 32-bit little-endian numbers).
  ///
  /// It reads every pixel, a tenth of a second for MNIST's training set; of pictures that stay in
  /// their files it takes the SHA-256 of each picture's pixels.
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
}
