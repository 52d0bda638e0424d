import CJPEG
import Support

/// What JPEG leaves of an image, as a defense at test time: `jpeg QUALITY` (1 to 100). The identity
/// in training.
///
/// Pixels in [0, 1] are rounded to bytes, compressed, decompressed and scaled back; values outside
/// are clipped. Rounding has no useful derivative, so gradients pass through as if the layer were
/// the identity (Athalye, Carlini & Wagner, 2018): an attack goes through it and is not stopped by
/// a gradient that is zero. Dziugaite, Ghahramani & Roy, 2016.
public struct JPEGCompression: Layer {
  public static let keyword = "jpeg"
  public let quality: Int

  public init(_ words: inout LayerWords) throws {
    quality = try words.count("the quality")
    guard (1...100).contains(quality) else {
      throw Failure.badData("jpeg \(quality): the quality must be from 1 to 100")
    }
  }

  public var text: String { "jpeg \(quality)" }

  public func outputShape(of input: [Int]) throws -> [Int] {
    guard input.count == 3, input[0] == 1 || input[0] == 3, input[1] <= 65_500, input[2] <= 65_500
    else {
      throw Failure.badData(
        "jpeg takes images of 1 or 3 channels, at most 65500 pixels wide and high, and not \(input)",
        hint: "it stands before the first layer")
    }
    return input
  }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    // x [N, C, H, W]
    guard !pass.usesBatchStatistics else { return x }
    let stored = withoutGradients { compressed(x.detached).to(x.device) }
    // What is added is zero, and its derivative one.
    return stored + (x - x.detached)
  }

  /// - Parameter quality: from 1 to 100.
  public init(quality: Int) {
    precondition((1...100).contains(quality))
    self.quality = quality
  }

  /// What is left of images `[N, C, H, W]` in [0, 1] with 1 or 3 channels.
  public func compressed(_ x: Tensor) -> Tensor {
    let (count, channels, height, width) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    let order = x.to(.cpu).permuted([0, 2, 3, 1]).clamped(to: 0...1)
    var bytes = (order * 255 + 0.5).to(.uint8).bytes()
    let size = height * width * channels
    bytes.withUnsafeMutableBufferPointer { buffer in
      for image in 0..<count {
        var message = [CChar](repeating: 0, count: Int(CJPEG_MESSAGE_SIZE))
        let status = cjpeg_recompress(
          buffer.baseAddress! + image * size, Int32(width), Int32(height), Int32(channels),
          Int32(quality), &message)
        // The shape and the quality were checked, and an image that was just made is sound: only
        // memory can be short.
        let said = String(
          decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        precondition(status == 0, "libjpeg: \(said)")
      }
    }
    return Tensor(bytes, shape: [count, height, width, channels]).permuted([0, 3, 1, 2]).to(
      .float32) / 255
  }
}
