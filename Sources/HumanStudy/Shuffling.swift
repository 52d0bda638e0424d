import ModelCore
import Support

extension Seed {
  /// The numbers 0..<count in a random order that depends on the seed alone.
  func order(_ count: Int) -> [Int] { RandomSource(self).permutation(count).int64s().map(Int.init) }

  /// Elements in a random order that depends on the seed and on their number alone.
  func shuffled<Element>(_ elements: [Element]) -> [Element] {
    order(elements.count).map { elements[$0] }
  }
}

/// A deck of cards that is shuffled again whenever it runs out.
///
/// So the numbers of times that two cards were dealt never differ by more than one, as long as no
/// card is excluded. Which card comes next depends on the seed and on the cards dealt before, not
/// on how many will be dealt in all.
struct Deck {
  let count: Int
  private let seed: Seed
  private var cards: [Int] = []
  private var shuffles = 0

  init(_ count: Int, seed: Seed) {
    self.count = count
    self.seed = seed
  }

  /// Deals cards that differ from each other, none of which is `excluded`.
  /// - Returns: the numbers of the cards, from 0; nil if there are not enough cards.
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

/// Puts elements into a random order in which at least `distance` other elements stand between two
/// of one group.
///
/// First it goes through up to 100 random orders and always takes the first element that keeps the
/// distance, so that many different orders can come out. If all of these get stuck, it always takes
/// an element of the group with the most elements left, which finds an order if there is one.
/// - Parameters:
///   - groups: the group of each element.
///   - before: the groups of the elements that precede these. The distance from them is kept too.
/// - Returns: the places of the elements in `groups`, in their new order; nil if no order keeps the
///   distance.
func arranged(_ groups: [Int], distance: Int, after before: [Int] = [], seed: Seed) -> [Int]? {
  for attempt in 0..<100 {
    let order = seed.derive("attempt \(attempt)").order(groups.count)
    if let found = arranged(order, groups, distance, before, isCautious: false) { return found }
  }
  return arranged(
    seed.derive("cautious").order(groups.count), groups, distance, before, isCautious: true)
}

/// Builds the new order one element at a time. Each time it takes the first element in `order` that
/// keeps the distance. If `isCautious`, that element must also be of a group with the most elements
/// left.
private func arranged(
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
    let element = rest.remove(at: next)
    left[groups[element], default: 1] -= 1
    placed.append(element)
    recent = Array((recent + [groups[element]]).suffix(distance))
  }
  return placed
}
