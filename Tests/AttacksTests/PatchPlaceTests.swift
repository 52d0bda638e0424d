import ModelCore
import Support
import TestSupport
import Testing

@testable import Attacks

@Suite("The place of an adversarial patch")
struct PatchPlaceTests {
  private let images = Tensor.zeros([3, 2, 10, 12])

  /// The covered pixels of the first picture, one text of # and . for each row.
  private func rows(_ place: PatchPlace, side: Int) -> [String] {
    let square = place.square(side, in: images, .of(images, 1))
    let first = square.select(0, 0).select(0, 0).to(.int64).int64s()
    return (0..<10).map { row in
      (0..<12).map { first[row * 12 + $0] == 0 ? "." : "#" }.joined()
    }
  }

  @Test("a square that is turned by 45° is a diamond")
  func diamond() {
    // The side is 5, so the corners are 5/√2 = 3.5 pixels from the centre. Of the 25 pixels in
    // |x| + |y| ≤ 3, all count.
    #expect(
      rows(PatchPlace(row: 2, column: 3, rotation: 45), side: 5) == [
        "............", ".....#......", "....###.....", "...#####....", "..#######...",
        "...#####....", "....###.....", ".....#......", "............", "............",
      ])
  }

  @Test("a quarter turn is the square itself, and so is no turn")
  func quarter() {
    let plain = rows(PatchPlace(.centre), side: 4)
    #expect(rows(PatchPlace(.centre, rotation: 90), side: 4) == plain)
    #expect(rows(PatchPlace(.centre, rotation: -180), side: 4) == plain)
    #expect(plain[3] == "....####....")
  }

  @Test("a given row and column are the first ones, and what is outside is cut off")
  func given() {
    let found = rows(PatchPlace(row: 8, column: 1), side: 3)
    #expect(found[7] == "............")
    #expect(found[8] == ".###........" && found[9] == ".###........")
    let column = rows(PatchPlace(.bottomLeft, column: 5), side: 2)
    #expect(column[8] == ".....##....." && column[9] == ".....##.....")
  }

  @Test(
    "no angle covers more pixels than side², nor far fewer, and all lie in the picture",
    arguments: [PatchPlace.Part.random, .centre, .topRight, .bottomLeft])
  func budget(_ part: PatchPlace.Part) {
    for angle in stride(from: -180.0, through: 180, by: 7.5) {
      for side in 1...6 {
        let square = PatchPlace(part, rotation: angle).square(side, in: images, .of(images, 2))
        let sizes = square.select(1, 0).to(.float32).sum([1, 2]).floats()
        #expect(sizes.allSatisfy { $0 <= Float(side * side) }, "\(angle)° \(side)")
        #expect(sizes.allSatisfy { $0 >= 0.7 * Float(side * side) }, "\(angle)° \(side) \(sizes)")
      }
    }
  }

  @Test("a row outside of the picture is refused with the rows that there are")
  func outside() {
    let shape = InputShape(channels: 2, height: 10, width: 12)
    let failure = #expect(throws: Failure.self) { try PatchPlace(row: 10).check(in: shape) }
    #expect(failure?.message == "row 10: the pictures have the rows 0 to 9")
    #expect(throws: Never.self) { try PatchPlace(column: 11).check(in: shape) }
  }
}
