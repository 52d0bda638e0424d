import ModelCore
import Support

extension Seed {
  /// Places 0..<count in an order that depends on the seed alone.
  func order(_ count: Int) -> [Int] { RandomSource(self).permutation(count).int64s().map(Int.init) }

  /// Things in an order that depends on the seed alone.
  func shuffled<Thing>(_ things: [Thing]) -> [Thing] { order(things.count).map { things[$0] } }
}

/// Cards that are dealt until none is left, then shuffled anew: each comes up equally often, give
/// or take one, and which comes next depends on the seed and on how many were dealt, not on how
/// many will be.
struct Deck {
  let count: Int
  private let seed: Seed
  private var cards: [Int] = []
  private var shuffles = 0

  init(_ count: Int, seed: Seed) {
    self.count = count
    self.seed = seed
  }

  /// Deals cards that differ from each other and from those that are `excluded`.
  /// - Returns: nil if there are not enough.
  mutating func deal(_ number: Int, excluding excluded: (Int) -> Bool = { _ in false }) -> [Int]? {
    guard (0..<count).count(where: { !excluded($0) }) >= number else { return nil }
    var hand: [Int] = []
    while hand.count < number {
      if let next = cards.firstIndex(where: { !hand.contains($0) && !excluded($0) }) {
        hand.append(cards.remove(at: next))
      } else {
        cards += seed.derive("shuffle \(shuffles)").order(count)
        shuffles += 1
      }
    }
    return hand
  }
}

/// Puts things into a random order in which things of one group are at least `distance` others
/// apart.
///
/// Orders are tried at random, which gives every good one a chance; where luck does not find any,
/// the group with the most things left goes first, which finds one if there is any.
/// - Returns: the places of the things in their order; nil if no order keeps the distance.
func arranged(_ groups: [Int], distance: Int, after before: [Int] = [], seed: Seed) -> [Int]? {
  for attempt in 0..<100 {
    let order = seed.derive("attempt \(attempt)").order(groups.count)
    if let found = dealtOut(order, groups, distance, before, isCautious: false) { return found }
  }
  return dealtOut(
    seed.derive("cautious").order(groups.count), groups, distance, before, isCautious: true)
}

private func dealtOut(
  _ order: [Int], _ groups: [Int], _ distance: Int, _ before: [Int], isCautious: Bool
) -> [Int]? {
  var rest = order
  var left = Dictionary(grouping: groups, by: \.self).mapValues(\.count)
  var recent = Array(before.suffix(distance))
  var placed: [Int] = []
  while !rest.isEmpty {
    let free = rest.indices.filter { !recent.contains(groups[rest[$0]]) }
    let most = free.map { left[groups[rest[$0]]] ?? 0 }.max()
    guard let next = free.first(where: { !isCautious || left[groups[rest[$0]]] == most }) else {
      return nil
    }
    let thing = rest.remove(at: next)
    left[groups[thing], default: 1] -= 1
    placed.append(thing)
    recent = Array((recent + [groups[thing]]).suffix(distance))
  }
  return placed
}
