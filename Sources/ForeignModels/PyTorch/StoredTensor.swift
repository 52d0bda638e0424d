import Foundation
import ModelCore
import Support

extension Pickle.StoredTensor {
  /// Checks that a tensor lies within its storage and has no more numbers than it.
  ///
  /// The last element of a tensor has the offset plus (size − 1) · stride of each dimension.
  /// - Throws: `Failure.badData` if it does not.
  init(in storage: Pickle.Storage, offset: Int, shape: [Int], strides: [Int]) throws {
    var (last, count, room) = (offset, 1, 1)
    var isSound = offset >= 0 && shape.count == strides.count && shape.count <= 16
    for (size, stride) in zip(shape, strides) where isSound {
      guard size >= 0, stride >= 0 else {
        isSound = false
        break
      }
      let (steps, tooFar) = max(size - 1, 0).multipliedReportingOverflow(by: stride)
      let (end, tooLong) = last.addingReportingOverflow(steps)
      let (product, tooMany) = count.multipliedReportingOverflow(by: size)
      // Sizes of 0 must not hide others that no tensor can have.
      let (extent, tooWide) = room.multipliedReportingOverflow(by: max(size, 1))
      isSound = !tooFar && !tooLong && !tooMany && !tooWide && extent <= 1 << 48
      room = extent
      (last, count) = (end, product)
    }
    guard isSound, count == 0 || last < storage.count, count <= storage.count else {
      throw Pickle.damaged(
        "a tensor of shape \(shape.prefix(16)) does not fit into \(storage.count) numbers")
    }
    self.init(storage: storage, offset: offset, shape: shape, strides: strides)
  }

  /// The numbers of this tensor in row-major order, taken from those of its storage. Numbers in half
  /// precision become float32.
  /// - Parameters:
  ///   - numbers: the bytes of the storage.
  ///   - name: the name of the tensor in error messages.
  /// - Throws: `Failure.badData` if the storage has fewer bytes than it claims.
  func read(_ numbers: Data, name: String) throws -> Tensor {
    let width = storage.type.byteCount
    guard numbers.count / width >= storage.count else {
      throw Failure.badData(
        "the numbers of '\(name)' have \(numbers.count) bytes, expected \(storage.count * width)",
        hint: "the file may be truncated: get it again")
    }
    let count = shape.reduce(1, *)
    return numbers.withUnsafeBytes { bytes in
      guard count > 0, !isContiguous else {
        let start = count == 0 ? 0 : offset * width
        return storage.type.tensor(
          copying: UnsafeRawBufferPointer(rebasing: bytes[start..<start + count * width]),
          shape: shape)
      }
      // Copies element after element. `index` counts through the shape, the last dimension first.
      var out = [UInt8](repeating: 0, count: count * width)
      var index = [Int](repeating: 0, count: shape.count)
      for item in 0..<count {
        let place = zip(index, strides).reduce(offset) { $0 + $1.0 * $1.1 } * width
        for byte in 0..<width { out[item * width + byte] = bytes[place + byte] }
        for dimension in shape.indices.reversed() {
          index[dimension] += 1
          if index[dimension] < shape[dimension] { break }
          index[dimension] = 0
        }
      }
      return out.withUnsafeBytes { storage.type.tensor(copying: $0, shape: shape) }
    }
  }

  /// Whether the numbers lie in row-major order without gaps. The stride of a dimension of size one
  /// does not matter.
  private var isContiguous: Bool {
    var expected = 1
    for (size, stride) in zip(shape, strides).reversed() where size != 1 {
      guard stride == expected else { return false }
      expected *= size
    }
    return true
  }
}
