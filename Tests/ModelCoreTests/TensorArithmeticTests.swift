import ModelCore
import TestSupport
import Testing

@Suite("Arithmetic is computed element by element")
struct TensorArithmeticTests {
  let a = Tensor([1, -2, 3, 0] as [Float], shape: [4])
  let b = Tensor([2, 4, -1, 5] as [Float], shape: [4])

  @Test("two tensors are combined element by element")
  func tensors() {
    #expect((a + b).floats() == [3, 2, 2, 5])
    #expect((a - b).floats() == [-1, -6, 4, -5])
    #expect((a * b).floats() == [2, -8, -3, 0])
    #expect((a / b).floats() == [0.5, -0.5, -3, 0])
    #expect((-a).floats() == [-1, 2, -3, 0])
    #expect(a.maximum(b).floats() == [2, 4, 3, 5])
    #expect(a.minimum(b).floats() == [1, -2, -1, 0])
  }

  @Test("a number on either side is combined with each element, and the type stays float32")
  func numbers() {
    #expect((a + 1).floats() == [2, -1, 4, 1])
    #expect((1 + a).floats() == [2, -1, 4, 1])
    #expect((a - 1).floats() == [0, -3, 2, -1])
    #expect((1 - a).floats() == [0, 3, -2, 1])
    #expect((a * 2).floats() == [2, -4, 6, 0])
    #expect((2 * a).floats() == [2, -4, 6, 0])
    #expect((a / 2).floats() == [0.5, -1, 1.5, 0])
    #expect(a.power(2).floats() == [1, 4, 9, 0])
    #expect(a.maximum(0.5).floats() == [1, 0.5, 3, 0.5])
    #expect(a.minimum(0.5).floats() == [0.5, -2, 0.5, 0])
    #expect((a + 0.1).type == .float32)
  }

  @Test("the sign of zero and of minus zero is 0")
  func sign() {
    let signs = Tensor([-3, -0.0, 0, .leastNonzeroMagnitude, 7] as [Float], shape: [5]).sign
      .floats()
    #expect(signs == [-1, 0, 0, 1, 1])
  }

  @Test("floor rounds down, and rounded rounds to the nearest number, halves to the even one")
  func rounding() {
    let x = Tensor([-1.5, -0.5, 0.5, 1.5, 2.5, 2.6] as [Float], shape: [6])
    #expect(x.floor.floats() == [-2, -1, 0, 1, 2, 2])
    #expect(x.rounded.floats() == [-2, 0, 0, 2, 2, 3])
  }

  @Test("functions have their known values")
  func functions() {
    let x = Tensor([4, 1] as [Float], shape: [2])
    #expect(x.squareRoot.floats() == [2, 1])
    #expect(x.square.floats() == [16, 1])
    #expect(x.logarithm.floats()[1] == 0)
    #expect((x * 0).exponential.floats() == [1, 1])
    #expect(a.absolute.floats() == [1, 2, 3, 0])
    #expect(a.relu.floats() == [1, 0, 3, 0])
    #expect(a.leakyRelu(slope: 0.5).floats() == [1, -1, 3, 0])
    #expect(a.sigmoid.floats()[3] == 0.5)
    #expect(a.tanh.floats()[3] == 0)
    #expect(abs(a.softplus.floats()[3] - 0.693_147_2) < 1e-6)
    #expect(abs(a.elu.floats()[1] + 0.864_664_7) < 1e-6)
    #expect(abs(a.silu.floats()[0] - 0.731_058_6) < 1e-6)
    #expect(abs(a.gelu.floats()[0] - 0.841_344_7) < 1e-6)
    #expect(a.clamped(to: -1...1).floats() == [1, -1, 1, 0])
  }

  @Test("comparisons give truth values, and NaN differs from itself")
  func comparisons() {
    #expect(a.isLess(than: b).floats() == [1, 1, 0, 1])
    #expect(a.isGreater(than: b).floats() == [0, 0, 1, 0])
    #expect(a.equals(0).floats() == [0, 0, 0, 1])
    #expect(a.differs(from: a).floats() == [0, 0, 0, 0])
    #expect(a.isAtMost(1).floats() == [1, 1, 0, 1])
    #expect(a.isAtLeast(1).floats() == [1, 0, 1, 0])
    #expect(a.isLess(than: 0).and(b.isGreater(than: 0)).floats() == [0, 1, 0, 0])
    #expect(a.isLess(than: 0).or(a.equals(0)).floats() == [0, 1, 0, 1])
    #expect(a.isLess(than: 0).inverted.floats() == [1, 0, 1, 1])
    let odd = Tensor([.nan, .infinity, 0] as [Float], shape: [3])
    #expect(odd.isFinite.floats() == [0, 0, 1])
    #expect(odd.differs(from: odd).floats() == [1, 0, 0])
  }

  @Test("a choice takes the first tensor where the condition is true, and the second elsewhere")
  func choose() {
    #expect(a.isGreater(than: 0).choose(a, else: b).floats() == [1, 4, 3, 5])
    let single = Tensor.full(9, shape: [])
    #expect(a.isGreater(than: 0).choose(single, else: b).floats() == [9, 4, 9, 5])
  }

  @Test("dimensions of size 1 are broadcast")
  func broadcast() {
    let column = Tensor([10, 20] as [Float], shape: [2, 1])
    let row = Tensor([1, 2, 3] as [Float], shape: [1, 3])
    #expect((column + row).shape == [2, 3])
    #expect((column + row).floats() == [11, 12, 13, 21, 22, 23])
  }

  @Test("the matrix product is computed for one matrix and for each matrix of a batch")
  func matmul() {
    let m = Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
    #expect(m.matmul(m).floats() == [7, 10, 15, 22])
    let batch = Tensor.stack([m, m * 2])
    #expect(batch.matmul(m).floats() == [7, 10, 15, 22, 14, 20, 30, 44])
  }
}
