import ModelCore
import TestSupport
import Testing

@Suite("Shape, indexing and reductions follow PyTorch")
struct TensorShapeTests {
  /// 0 … 5 in two rows of three.
  let x = Tensor.range(6).to(.float32).reshaped([2, 3])

  @Test("reshaping keeps the row-major order")
  func reshape() {
    #expect(x.shape == [2, 3])
    #expect(x.reshaped([3, -1]).shape == [3, 2])
    #expect(x.reshaped([3, 2]).floats() == [0, 1, 2, 3, 4, 5])
    #expect(Tensor.range(24).reshaped([2, 3, 2, 2]).flattened.shape == [2, 12])
    #expect(x.transposed.floats() == [0, 3, 1, 4, 2, 5])
    #expect(x.flipped([1]).floats() == [2, 1, 0, 5, 4, 3])
    #expect(x.select(0, 1).reshaped([1, 3]).expanded([2, 3]).floats() == [3, 4, 5, 3, 4, 5])
  }

  @Test("another order in memory does not change the elements")
  func memoryOrder() {
    let images = Tensor.range(2 * 3 * 4 * 5).reshaped([2, 3, 4, 5])
    let reordered = images.channelsLast
    #expect(reordered.strides == [60, 1, 15, 3])
    #expect(reordered.int64s() == images.int64s())
    #expect(reordered.contiguous.strides == images.strides)
    #expect(reordered.flattened.int64s() == images.flattened.int64s())
  }

  @Test("a copy has the same elements, and later results do not change the original")
  func copies() {
    let copy = x.copy()
    #expect(copy.floats() == x.floats())
    #expect((copy + 1).floats() != x.floats())
    #expect(x.floats() == [0, 1, 2, 3, 4, 5])
  }

  @Test("parts of a tensor are selected by ranges, indices and conditions")
  func parts() {
    #expect(x.narrow(1, 1, 2).floats() == [1, 2, 4, 5])
    #expect(x.select(1, -1).floats() == [2, 5])
    #expect(x.indexSelect(0, Tensor(labels: [1, 0, 1])).floats() == [3, 4, 5, 0, 1, 2, 3, 4, 5])
    #expect(x.gather(1, Tensor(labels: [2, 0]).reshaped([2, 1])).floats() == [2, 3])
    let places = Tensor(labels: [0, 2]).reshaped([2, 1])
    let replaced = x.scattering(1, places, Tensor([9, 8] as [Float], shape: [2, 1]))
    #expect(replaced.floats() == [9, 1, 2, 3, 4, 8])
    #expect(x.isGreater(than: 3).nonzero.int64s() == [1, 1, 1, 2])
    let rows = Tensor.range(4).reshaped([4, 1]).rows(where: Tensor(labels: [0, 1, 0, 1]).equals(1))
    #expect(rows.int64s() == [1, 3])
    #expect(rows.shape == [2, 1])
    #expect(Tensor.range(3).rows(where: Tensor(labels: [0, 0, 0]).equals(1)).shape == [0])
  }

  @Test("tensors are joined along a dimension or along a new one")
  func joining() {
    #expect(Tensor.concatenate([x, x], along: 1).shape == [2, 6])
    #expect(Tensor.concatenate([x, x + 6]).floats() == (0..<12).map(Float.init))
    #expect(Tensor.stack([x, x, x]).shape == [3, 2, 3])
    #expect(Tensor.stack([x, x, x], along: 2).shape == [2, 3, 3])
  }

  @Test("one-hot rows have a 1 at the label")
  func oneHot() {
    let rows = Tensor(labels: [2, 0]).oneHot(classes: 3)
    #expect(rows.type == .float32)
    #expect(rows.floats() == [0, 0, 1, 1, 0, 0])
  }

  @Test("reductions go over the given dimensions, or over all if none is given")
  func reductions() {
    #expect(x.sum().scalar == 15)
    #expect(x.sum([0]).floats() == [3, 5, 7])
    #expect(x.sum([1], keep: true).shape == [2, 1])
    #expect(x.mean([1]).floats() == [1, 4])
    #expect(x.mean().scalar == 2.5)
    #expect(x.max([0]).floats() == [3, 4, 5])
    #expect(x.min().scalar == 0)
    #expect(x.isAtLeast(0).all().isTrue)
    #expect(!x.isGreater(than: 0).all().isTrue)
    #expect(x.isGreater(than: 4).any([1]).floats() == [0, 1])
    #expect(Tensor([1, .nan] as [Float], shape: [2]).max().scalar.isNaN)
  }

  @Test("of equal largest or smallest elements, the index is that of the first")
  func argmax() {
    let ties = Tensor([1, 7, 7, 0, 0, 7, 5, 5, 5] as [Float], shape: [3, 3])
    #expect(ties.argmax(1).int64s() == [1, 2, 0])
    #expect(ties.argmin(1).int64s() == [0, 0, 0])
    #expect(ties.argmax(1, keep: true).shape == [3, 1])
    #expect(Tensor.zeros([2, 1000]).argmax(1).int64s() == [0, 0])
    #expect(Tensor.zeros([1000, 3]).argmax(0).int64s() == [0, 0, 0])
  }

  @Test("the k largest elements come in descending order with their indices")
  func topK() {
    let rows = Tensor([3, 1, 2, -1, -3, -2] as [Float], shape: [2, 3])
    let top = rows.topK(2, 1)
    #expect(top.values.floats() == [3, 2, -1, -2])
    #expect(top.indices.int64s() == [0, 2, 0, 2])
  }

  @Test("elements are converted when they are read in another type")
  func conversion() {
    #expect(Tensor([0, 255] as [UInt8], shape: [2]).floats() == [0, 255])
    #expect(Tensor([1.75, 2] as [Double], shape: [2]).type == .float64)
    #expect(Tensor([1.75, 2] as [Double], shape: [2]).int64s() == [1, 2])
    #expect(Tensor([] as [Float], shape: [0, 3]).floats() == [])
    #expect(Tensor.full(3, shape: [], type: .int32).scalar == 3)
  }
}
