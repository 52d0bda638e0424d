import CJPEG
import Support

/// JPEG compression of pictures with one or three channels, as a defense at test time: `jpeg
/// QUALITY`, with a quality from 1 to 100.
///
/// In evaluation, each picture is clipped to [0, 1], rounded to bytes, compressed, decompressed and
/// scaled back to [0, 1]. In training, the layer is the identity.
///
/// Rounding has a derivative of zero almost everywhere, which would hide the network from attacks
/// without making it robust. The layer's gradient is therefore that of the identity, so that
/// attacks go through it (backward pass differentiable approximation; Athalye, Carlini & Wagner,
/// 2018).
///
/// Source of the defense: Dziugaite, Ghahramani & Roy, 2016.
public struct JPEGCompression: Layer {
  public static let keyword = "jpeg"
  public let quality: Int

  public init(_ words: inout LayerWords) throws {
    quality = try words.count("the quality")
    guard (1...100).contains(quality) else {
      throw Failure.badData("jpeg: the quality must be from 1 to 100, found \(quality)")
    }
  }

  public var text: String { "jpeg \(quality)" }

  public func outputShape(of input: [Int]) throws -> [Int] {
    try requirePicture(input)
    guard input[0] == 1 || input[0] == 3, input[1] <= 65_500, input[2] <= 65_500 else {
      throw Failure.badData(
        "'jpeg' needs a picture with 1 or 3 channels, at most 65500 pixels high and wide; found "
          + input.map(String.init).joined(separator: "x"),
        hint: "put 'jpeg' before the first layer that changes the number of channels")
    }
    return input
  }

  public func apply(_ x: Tensor, _ parameters: LayerParameters, _ pass: Pass) -> Tensor {
    // x [N, C, H, W]
    guard !pass.usesBatchStatistics else { return x }
    let stored = withoutGradients { compressed(x.detached).to(x.device) }
    // The added term is 0, and its derivative in x is 1.
    return stored + (x - x.detached)
  }

  /// - Parameter quality: from 1 to 100.
  public init(quality: Int) {
    precondition((1...100).contains(quality), "the quality must be from 1 to 100, found \(quality)")
    self.quality = quality
  }

  /// The images `[N, C, H, W]`, with 1 or 3 channels in [0, 1], after compression and
  /// decompression: multiples of 1/255, without a history for gradients.
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
        // The shape and the quality were checked, and libjpeg reads a file that it has just
        // written. So the only error left is a lack of memory.
        let said = String(
          decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        precondition(status == 0, "libjpeg: \(said)")
      }
    }
    return Tensor(bytes, shape: [count, height, width, channels]).permuted([0, 3, 1, 2]).to(
      .float32) / 255
  }
}
