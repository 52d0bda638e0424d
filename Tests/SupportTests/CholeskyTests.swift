import Support
import Testing

@Suite("Cholesky factors")
struct CholeskyTests {
  @Test("the factor of a known matrix, and the solution and the inverse that follow from it")
  func known() throws {
    // Row by row; the entries above the diagonal are not read.
    let factor = try #require(choleskyFactor([4, .nan, .nan, 12, 37, .nan, -16, -43, 98], 3))
    #expect([0, 3, 4, 6, 7, 8].map { factor[$0] } == [2, 6, 1, -8, 5, 3])
    // The matrix times (1, 2, 3).
    let x = solved(factor, [4 + 24 - 48, 12 + 74 - 129, -16 - 86 + 294], 3)
    #expect(zip(x, [1, 2, 3]).allSatisfy { abs($0 - $1) < 1e-12 })
    let found = try #require(inverse([[4, 2], [2, 3]]))
    let expected = [[0.375, -0.25], [-0.25, 0.5]]
    for (row, values) in zip(found, expected) {
      #expect(zip(row, values).allSatisfy { abs($0 - $1) < 1e-15 })
    }
  }

  @Test(
    "a matrix that is not positive definite has no factor",
    arguments: [[1, 2, 2, 1], [0, 0, 0, 1], [1, 1, 1, 1], [-1, 0, 0, 1], [.nan, 0, 0, 1]])
  func notDefinite(_ matrix: [Double]) {
    #expect(choleskyFactor(matrix, 2) == nil)
  }

  @Test("a matrix without rows has a factor without entries")
  func empty() {
    #expect(choleskyFactor([], 0) == [] && solved([], [], 0) == [])
  }
}
