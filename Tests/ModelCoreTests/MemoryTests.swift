import ModelCore
import Testing

@Suite("Memory of tensors")
struct MemoryTests {
  @Test(
    "the memory of a large tensor that is gone becomes the next one's, though smaller ones came that stay"
  )
  func reuse() {
    var small: [Tensor] = []
    var places: Set<UnsafeMutableRawPointer> = []
    for number in 0..<20 {
      places.insert(Tensor.unset([38_600_000 + number], type: .uint8).memory)
      small += (0..<10).map { Tensor.full(Double($0), shape: [40_000 + number]) }
    }
    #expect(small.count == 200)
    // Other tests may take one of them, or have what is kept given back.
    #expect(
      places.count < 10, "\(places.count) places for tensors of which there was one at a time")
  }

  @Test("tensors begin where vector registers can load from, and hold what was written to them")
  func contents() {
    for count in [1, 63, 64, 65, 1 << 18, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_333_333] {
      let (tensor, memory) = Tensor.unset([count], type: .uint8)
      #expect(Int(bitPattern: memory) % 64 == 0)
      memory.initializeMemory(as: UInt8.self, repeating: 7, count: count)
      #expect(tensor.to(.int64).sum().scalar == Double(7 * count))
    }
  }
}
