import CZlib

/// The bytes compressed by zlib's deflate. `windowBits` chooses the format around the compressed
/// data: 31 for gzip, 15 for zlib's own, −15 for none.
public func deflated(_ bytes: [UInt8], windowBits: Int32 = 31) -> [UInt8] {
  var stream = z_stream()
  deflateInit2_(
    &stream, 6, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
    Int32(MemoryLayout<z_stream>.size))
  defer { deflateEnd(&stream) }
  var input = bytes
  let capacity = Int(deflateBound(&stream, UInt(bytes.count)))
  return [UInt8](unsafeUninitializedCapacity: capacity) { target, count in
    input.withUnsafeMutableBufferPointer { source in
      stream.next_in = source.baseAddress
      stream.avail_in = UInt32(source.count)
      stream.next_out = target.baseAddress
      stream.avail_out = UInt32(capacity)
      let end = deflate(&stream, Z_FINISH)
      precondition(end == Z_STREAM_END, "deflate ended with \(end)")
    }
    count = capacity - Int(stream.avail_out)
  }
}
