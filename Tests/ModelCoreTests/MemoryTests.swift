import ModelCore
import Testing

@Suite("The memory of tensors is reused and aligned")
struct MemoryTests {
  @Test(
    "the memory of a freed large tensor is reused, whatever small tensors came since"
  )
  func reuse() {
    var small: [Tensor] = []
    var places: Set<UnsafeMutableRawPointer> = []
    for number in 0..<20 {
      places.insert(Tensor.unset([38_600_000 + number], type: .uint8).memory)
      small += (0..<10).map { Tensor.full(Double($0), shape: [40_000 + number]) }
    }
    #expect(small.count == 200)
    // Tests that run at the same time may take a free block, or cause the free blocks to be
    // released.
    #expect(
      places.count < 10, "\(places.count) places for 20 tensors, of which one lived at a time")
  }

  @Test("the memory of a tensor is aligned to 64 bytes and holds what was written to it")
  func contents() {
    for count in [1, 63, 64, 65, 1 << 18, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_333_333] {
      let (tensor, memory) = Tensor.unset([count], type: .uint8)
      #expect(Int(bitPattern: memory) % 64 == 0)
      memory.initializeMemory(as: UInt8.self, repeating: 7, count: count)
      #expect(tensor.to(.int64).sum().scalar == Double(7 * count))
    }
  }
}
