import Foundation
import ModelCore
import Support

/// How opened pictures and their masks are kept: in memory, or in their files.
extension PictureOpening {
  /// The pixels of pictures in memory, uint8 `[N, C, H, W]`.
  func pixels(_ opened: [Opened], _ shape: InputShape) -> Tensor {
    var pixels = [UInt8](repeating: 0, count: opened.count * shape.count)
    pixels.withUnsafeMutableBufferPointer { out in
      for (place, opened) in opened.enumerated() {
        opened.picture.write(
          to: out.baseAddress! + place * shape.count, channels: shape.channels)
      }
    }
    return Tensor(pixels, shape: [opened.count] + shape.sizes)
  }

  /// The masks of pictures in memory, `[N, 1, H, W]`: uint8 if all are 0 or 1, else float32.
  func masks(_ opened: [Opened], _ shape: InputShape) -> Tensor? {
    guard listing.masks != nil else { return nil }
    let bytes = opened.flatMap { $0.mask!.bytes }
    let sizes = [opened.count, 1, shape.height, shape.width]
    return bytes.allSatisfy { $0 == 0 || $0 == 255 }
      ? Tensor(bytes.map { $0 / 255 }, shape: sizes)
      : Tensor(bytes, shape: sizes).to(.float32) / 255
  }

  /// A stream of the pictures at some places of the listing.
  func stream(_ good: [Int], _ facts: [Facts], _ shape: InputShape) -> PictureStream {
    let (files, preparation) = (good.map { listing.files[$0] }, preparation)
    return PictureStream(shape: shape, digests: facts.map(\.digest)) { place in
      let file = files[place]
      let picture = try preparation.apply(to: PictureFile.read(file), named: file.path)
      let fits = picture.shape.height == shape.height && picture.shape.width == shape.width
      guard fits, picture.shape.channels <= shape.channels else {
        throw Failure.badData(
          "\(file.path): expected the picture of \(shape) that was there when the folder was "
            + "opened, found \(picture.shape)", hint: "do not change the folder during a run")
      }
      return picture
    }
  }

  /// A stream of the masks of the same pictures; nil if they have none.
  func maskStream(_ good: [Int], _ facts: [Facts], _ shape: InputShape) -> PictureStream? {
    guard let masks = listing.masks else { return nil }
    let (files, reading, preparation) = (good.map { masks[$0] }, reading, preparation)
    return PictureStream(
      shape: InputShape(channels: 1, height: shape.height, width: shape.width),
      digests: facts.map { $0.maskDigest! }
    ) { try reading.mask(files[$0], size: nil, prepared: shape, preparation) }
  }
}

extension PictureOpening.Facts {
  init(_ opened: PictureOpening.Opened) {
    self.init(
      shape: opened.picture.shape, digest: Digest.bytes(of: opened.picture.bytes),
      isDark: !opened.picture.bytes.contains { $0 > 1 },
      maskDigest: opened.mask.map { Digest.bytes(of: $0.bytes) },
      isUnmasked: !(opened.mask?.bytes.contains { $0 > 0 } ?? false))
  }
}
