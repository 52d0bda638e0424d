import Support

/// Deals the pictures of the control conditions to the lists, so that classes and images take turns.
struct ControlDecks {
  private let controls: Controls
  private let pools: [CandidatePool]
  private var classes: [Stimulus.Kind: Deck]
  private var images: [Stimulus.Kind: [Deck]]

  init(_ controls: Controls, _ pools: [CandidatePool], seed: Seed) {
    self.controls = controls
    self.pools = pools
    let kinds = [Stimulus.Kind.cleanControl, .noiseControl]
    let drawn = controls.drawn
    classes = Dictionary(
      uniqueKeysWithValues: kinds.map { kind in
        (kind, Deck(drawn.count, seed: seed.derive("classes of \(kind.rawValue)")))
      })
    images = Dictionary(
      uniqueKeysWithValues: kinds.map { kind in
        (
          kind,
          drawn.indices.map { label in
            Deck(drawn[label].count, seed: seed.derive("\(kind.rawValue), class \(label)"))
          }
        )
      })
  }

  /// Deals the pictures of one list.
  /// - Parameters:
  ///   - number: the number of pictures. Every class has equally many, give or take one.
  ///   - shown: the images that the list shows in other pictures. They are used only if a class has
  ///     no other images.
  mutating func deal(
    _ kind: Stimulus.Kind, _ number: Int, avoiding shown: Set<Int>
  ) -> [Controls.Item] {
    let count = controls.drawn.count
    var quota = [Int](repeating: number / count, count: count)
    for label in classes[kind]?.deal(number % count) ?? [] { quota[label] += 1 }
    return quota.indices.flatMap { label -> [Controls.Item] in
      let drawn = controls.drawn[label]
      let isShown = { (card: Int) in
        shown.contains(pools[drawn[card].condition].candidates[label][drawn[card].place].index)
      }
      let fresh = images[kind]?[label].deal(quota[label], excluding: isShown)
      let cards = fresh ?? images[kind]?[label].deal(min(quota[label], drawn.count)) ?? []
      return cards.map {
        Controls.Item(
          kind: kind, condition: drawn[$0].condition, label: label, place: drawn[$0].place)
      }
    }
  }
}
