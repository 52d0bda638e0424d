import Foundation
import ModelCore
import Support

@testable import Datasets

/// A file of grey images: the letters RAW8, then the number of images N, their height H and their
/// width W as little-endian 32-bit numbers, then N·H·W bytes of pixels and N bytes of labels.
struct RawImages: ArrayFormat {
  static let summary = "a .raw8 file with grey images and labels"

  let arrays: LabelledArrays

  init?(_ url: URL, _ settings: Settings) throws {
    guard url.pathExtension.lowercased() == "raw8", !isFolder(url) else { return nil }
    // From here on the file has this format, so options are read and errors are thrown.
    let settings = try ArraySettings(settings)
    let bytes = [UInt8](try readFile(url, limit: SizeLimits.array))
    var reader = ByteReader(bytes[...], named: url.path)
    guard try reader.take(4).elementsEqual("RAW8".utf8) else {
      throw Failure.badData("\(url.path): expected the letters RAW8 at the beginning")
    }
    let sizes = [try reader.word(), try reader.word(), try reader.word()]
    let count = try checkedProduct(sizes, limit: SizeLimits.array, named: url.path)
    guard count > 0 else {
      throw Failure.badData("\(url.path): expected sizes of at least 1, found \(sizes)")
    }
    let pixels = [UInt8](try reader.take(count))
    let labels = [UInt8](try reader.take(sizes[0]))
    guard reader.left == 0 else {
      throw Failure.badData("\(url.path): expected the end after the labels")
    }
    arrays = LabelledArrays(file: url.path, names: ["images", "labels"], settings: settings) {
      // images [N, H, W], labels [N]
      $0 == "images" ? Tensor(pixels, shape: sizes) : Tensor(labels, shape: [labels.count])
    }
  }
}
