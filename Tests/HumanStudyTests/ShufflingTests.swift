import Support
import Testing

@testable import HumanStudy

@Suite("Shuffling")
struct ShufflingTests {
  @Test("a deck deals every card equally often, give or take one, and no card twice in a hand")
  func deck() throws {
    var deck = Deck(7, seed: Seed(1))
    var dealt = [Int](repeating: 0, count: 7)
    for _ in 0..<40 {
      let dealtHand = deck.deal(3)
      let hand = try #require(dealtHand)
      #expect(Set(hand).count == 3)
      for card in hand { dealt[card] += 1 }
      #expect(dealt.max()! - dealt.min()! <= 1)
    }
    #expect(deck.deal(8) == nil)
    #expect(deck.deal(6) { $0 == 3 }.map { Set($0) } == Set([0, 1, 2, 4, 5, 6]))
    #expect(deck.deal(7) { $0 == 3 } == nil)
  }

  @Test("an order that keeps the distance is found whenever there is one")
  func arrangement() throws {
    // Three elements of one group, with two others between any two, can only stand at both ends and
    // in the middle of seven places.
    let tight = [0, 0, 0, 1, 2, 1, 2]
    let order = try #require(arranged(tight, distance: 2, seed: Seed(3)))
    #expect(Set(order) == Set(0..<7))
    let groups = order.map { tight[$0] }
    #expect(groups[0] == 0 && groups[3] == 0 && groups[6] == 0)
    #expect(arranged([0, 0, 1], distance: 2, seed: Seed(3)) == nil)
    #expect(arranged([0, 1], distance: 1, after: [0], seed: Seed(3)) == [1, 0])
    #expect(arranged([0], distance: 1, after: [0], seed: Seed(3)) == nil)
  }
}
