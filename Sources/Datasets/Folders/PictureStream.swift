import Dispatch
import Foundation
import ModelCore
import Support

/// Pictures that stay in their files and are decoded when they are asked for, on all cores and one
/// batch ahead of whoever asks.
final class PictureStream: @unchecked Sendable {
  private let files: [URL]
  private let preparation: PicturePreparation
  private let shape: InputShape
  /// SHA-256 of the pixels of each picture, as `PictureOpening` found them.
  private let digests: [[UInt8]]
  private let lock = NSLock()
  private var ahead: Batch?

  /// - Parameter files: pictures that become images of `shape`, once prepared.
  init(_ files: [URL], _ preparation: PicturePreparation, shape: InputShape, digests: [[UInt8]]) {
    self.files = files
    self.preparation = preparation
    self.shape = shape
    self.digests = digests
  }

  /// The images at the given places, `[n, C, H, W]`: uint8, or float32 from 0 to 1, each byte
  /// divided by 255.
  /// - Parameter next: the places that are probably asked for after these; they are decoded
  ///   meanwhile.
  ///
  /// A file that changed or went away since it was opened ends the process: images cannot be made
  /// up.
  func images(at places: [Int], as type: Tensor.ElementType, next: [Int] = []) -> Tensor {
    let ready = lock.withLock { () -> Batch? in
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

  /// What some pictures are known by: the digests of their pixels, one after the other.
  func digest(of places: [Int]) -> [UInt8] { places.flatMap { digests[$0] } }

  /// Begins to decode.
  private func decode(_ places: [Int], _ type: Tensor.ElementType) -> Batch {
    let batch = Batch(places, shape, type)
    DispatchQueue.global(qos: .userInitiated).async { [self] in
      inParallel(places.count) { place in
        do {
          let file = files[places[place]]
          let picture = try preparation.apply(to: PictureFile.read(file), named: file.path)
          let fits = picture.shape.height == shape.height && picture.shape.width == shape.width
          guard fits, picture.shape.channels <= shape.channels else {
            throw Failure.badData(
              "\(file.path) is not the picture it was when the folder was opened")
          }
          batch.set(place, to: picture)
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
    FileHandle.standardError.write(Data("crossfire: \(failure)\n".utf8))
    _exit(failure.kind.rawValue)
  }

  /// Images in the making.
  private final class Batch: @unchecked Sendable {
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

    /// Sets one image; several threads may, each others.
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

    /// Waits for the images; to be called once.
    func images() -> Tensor {
      done.wait()
      return tensor
    }
  }
}
