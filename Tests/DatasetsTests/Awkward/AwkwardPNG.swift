import CZlib
import TestSupport

/// PNG files in every way of storing pixels that the format has, written byte by byte.
struct AwkwardPNG {
  /// How the pixels are stored: PNG's colour type and the number of bits of a sample.
  enum Form: CaseIterable {
    case bits1, bits2, bits4, grey, grey16, greyAlpha, colour, colour16, colourAlpha, palette

    var colourType: UInt8 {
      switch self {
      case .bits1, .bits2, .bits4, .grey, .grey16: 0
      case .greyAlpha: 4
      case .colour, .colour16: 2
      case .colourAlpha: 6
      case .palette: 3
      }
    }

    var depth: Int {
      switch self {
      case .bits1: 1
      case .bits2: 2
      case .bits4: 4
      case .grey16, .colour16: 16
      default: 8
      }
    }

    /// The grey values that this form can store exactly, as bytes.
    var values: [UInt8] {
      switch self {
      case .bits1: [0, 255]
      case .bits2: [0, 85, 170, 255]
      case .bits4: (0..<16).map { UInt8(17 * $0) }
      default: Array(0...255)
      }
    }
  }

  let form: Form
  let side: Int

  /// A picture whose pixels all have one grey value, which `form` can store.
  func flat(_ value: UInt8) -> [UInt8] {
    let row = [0] + line(value)  // 0: the row is not filtered
    let pixels = [[UInt8]](repeating: row, count: side).flatMap { $0 }
    let header = big(side) + big(side) + [UInt8(form.depth), form.colourType, 0, 0, 0]
    let palette = form == .palette ? chunk("PLTE", (0...255).flatMap { [$0, $0, $0] }) : []
    return [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] + chunk("IHDR", header) + palette
      + chunk("IDAT", deflated(pixels, windowBits: 15)) + chunk("IEND", [])
  }

  /// The bytes of one row.
  private func line(_ value: UInt8) -> [UInt8] {
    let pixel: [UInt8]
    switch form {
    case .bits1, .bits2, .bits4:
      let sample = Int(value) * ((1 << form.depth) - 1) / 255
      let perByte = 8 / form.depth
      return (0..<(side + perByte - 1) / perByte).map { byte in
        (0..<perByte).reduce(0 as UInt8) { packed, place in
          packed << form.depth | (byte * perByte + place < side ? UInt8(sample) : 0)
        }
      }
    case .grey, .palette: pixel = [value]
    case .grey16: pixel = [value, value]
    case .greyAlpha: pixel = [value, 255]
    case .colour: pixel = [value, value, value]
    case .colour16: pixel = [UInt8](repeating: value, count: 6)
    case .colourAlpha: pixel = [value, value, value, 255]
    }
    return (0..<side).flatMap { _ in pixel }
  }

  private func big(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  private func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + content
    let checksum = body.withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32($0.count)) }
    return big(content.count) + body + big(Int(checksum))
  }
}
