import Dispatch
import Foundation
import ModelCore
import Support

/// Pictures or masks that stay in their files and are decoded when they are used.
///
/// A batch is decoded on all threads. The batch that will probably be used next is decoded in the
/// background. Sendable although unchecked: only `ahead` changes, and `lock` protects it.
final class PictureStream: @unchecked Sendable {
  /// Reads and prepares the picture with an index.
  private let read: @Sendable (Int) throws -> Raster
  private let shape: InputShape
  /// The SHA-256 of the pixels of each picture when it was opened.
  private let digests: [[UInt8]]
  private let lock = NSLock()
  /// The batch that is decoded in the background.
  private var ahead: PendingBatch?

  /// - Parameters:
  ///   - shape: the shape of every image.
  ///   - digests: the SHA-256 of the pixels of each picture.
  ///   - read: reads and prepares the picture with an index. Several threads call it at once.
  init(
    shape: InputShape, digests: [[UInt8]], read: @escaping @Sendable (Int) throws -> Raster
  ) {
    self.read = read
    self.shape = shape
    self.digests = digests
  }

  /// The images with the given indices, `[n, C, H, W]`: uint8 from 0 to 255, or float32 from 0 to 1
  /// (each byte divided by 255).
  ///
  /// If a file was changed or removed since it was opened, the process ends with an error message,
  /// because the callers of this method cannot throw.
  /// - Parameter next: the indices that will probably be requested next. Their images are decoded
  ///   in the background.
  func images(at places: [Int], as type: Tensor.ElementType, next: [Int] = []) -> Tensor {
    let ready = lock.withLock { () -> PendingBatch? in
      defer { ahead = nil }
      return ahead?.places == places && ahead?.type == type ? ahead : nil
    }
    let images = (ready ?? decode(places, type)).images()
    if !next.isEmpty {
      let following = decode(next, type)
      lock.withLock { ahead = following }
    }
    return images
  }

  /// The digests of the pixels of some pictures, one after the other.
  func digest(of places: [Int]) -> [UInt8] { places.flatMap { digests[$0] } }

  /// Starts to decode a batch.
  private func decode(_ places: [Int], _ type: Tensor.ElementType) -> PendingBatch {
    let batch = PendingBatch(places, shape, type)
    DispatchQueue.global(qos: .userInitiated).async { [self] in
      inParallel(places.count) { place in
        do {
          batch.set(place, to: try read(places[place]))
        } catch {
          end(error)
        }
      }
      batch.finish()
    }
    return batch
  }

  private func end(_ error: any Error) -> Never {
    let failure = error as? Failure ?? .badData("\(error)")
    Console.report("crossfire: \(failure)\n")
    _exit(failure.kind.rawValue)
  }

  /// Images that are being decoded. Sendable although unchecked: each thread writes another image,
  /// and `images` waits for all of them.
  private final class PendingBatch: @unchecked Sendable {
    let places: [Int]
    let type: Tensor.ElementType
    private let shape: InputShape
    private let tensor: Tensor
    private let memory: UnsafeMutableRawPointer
    private let done = DispatchSemaphore(value: 0)

    init(_ places: [Int], _ shape: InputShape, _ type: Tensor.ElementType) {
      self.places = places
      self.shape = shape
      self.type = type
      (tensor, memory) = Tensor.unset([places.count] + shape.sizes, type: type)
    }

    /// Sets one image. Several threads may call it at once, each for another place.
    func set(_ place: Int, to picture: Raster) {
      let first = place * shape.count
      if type == .float32 {
        picture.writeFractions(
          to: memory.assumingMemoryBound(to: Float.self) + first, channels: shape.channels)
      } else {
        picture.write(
          to: memory.assumingMemoryBound(to: UInt8.self) + first, channels: shape.channels)
      }
    }

    func finish() { done.signal() }

    /// Waits for the images and returns them. May be called once only.
    func images() -> Tensor {
      done.wait()
      return tensor
    }
  }
}
