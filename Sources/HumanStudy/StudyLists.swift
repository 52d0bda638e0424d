import Evaluation
import Support

/// Draws the lists of trials: which pictures each participant sees, and in which order.
///
/// A list depends on the design's seed and on the number of the list, but not on how many lists
/// there are. So a study with more participants begins with the lists of a study with fewer.
struct StudyLists {
  /// A picture of a list, named by where it comes from.
  enum Item: Hashable {
    /// The place among the candidates of a condition and class.
    case adversarial(condition: Int, label: Int, place: Int)
    /// A picture of a control condition.
    case control(Controls.Item)
    /// The place among the checks.
    case clean(Int)
    /// The place among the practice pictures.
    case practice(Int)
  }

  struct Entry {
    let phase: Phase
    let item: Item
  }

  let design: StudyDesign
  let pools: [CandidatePool]
  /// The unchanged images that may serve as checks, and those that may serve for practice.
  let checks: [Original]
  let practice: [Original]
  let controls: Controls

  private var classCount: Int { pools[0].candidates.count }

  /// The number of pictures of each condition that a participant sees.
  private var perCondition: Int { (design.images ?? pools.count * classCount) / pools.count }

  /// Checks that there are enough pictures for the design.
  /// - Throws: `Failure.badData` with the counts that are available.
  func check() throws {
    let wanted = design.images ?? pools.count * classCount
    guard wanted % pools.count == 0 else {
      throw Failure.badData(
        "\(wanted) images cannot be divided equally among \(pools.count) conditions: "
          + pools.map(\.condition.name).joined(separator: "; "),
        hint: "set 'images' to a multiple of \(pools.count)")
    }
    let most = controls.drawn.map(\.count).reduce(0, +)
    for (name, number) in [("clean", design.clean), ("noise", design.noise)] {
      guard let number, number > most else { continue }
      throw Failure.badData(
        "\(name): expected at most \(most) control pictures, one of each image, found \(number)")
    }
    let least = (perCondition + classCount - 1) / classCount
    var shortages: [String] = []
    for pool in pools {
      for label in 0..<classCount where pool.candidates[label].count < least {
        let condition = pool.condition
        shortages.append(
          "model \(condition.source), class \(label), \(condition.attack) "
            + "\(condition.epsilon.plainDecimal): \(pool.candidates[label].count) of "
            + "\(pool.examined[label]) examples fool the model as stored")
      }
    }
    guard shortages.isEmpty else {
      let shown =
        shortages.prefix(40) + (shortages.count > 40 ? ["and \(shortages.count - 40) more"] : [])
      throw Failure.badData(
        "a participant sees \(least) of each class and condition, but there are too few examples "
          + "that fool their model:\n  " + shown.joined(separator: "\n  "),
        hint: "use more images of each class (imagesPerClass), a larger budget, other models, or "
          + "fewer pictures for a participant (images)")
    }
    guard design.repeats <= wanted else {
      throw Failure.badData(
        "expected at most \(wanted) repeats, one of each adversarial picture of a participant, "
          + "found \(design.repeats)")
    }
    guard checks.count >= design.checks, practice.count >= design.practice else {
      throw Failure.badData(
        "\(design.checks) checks and \(design.practice) practice trials need as many unchanged "
          + "images, but the examples have \(checks.count) for checks and \(practice.count) for "
          + "practice",
        hint: "ask for fewer checks and practice trials, or keep more examples of the attack")
    }
  }

  /// Draws the lists of all slots, in their order.
  ///
  /// Candidates are dealt from a deck for each condition and class, so that all of them are shown
  /// equally often, up to a difference of one. Where a list cannot have the same number of pictures
  /// of every class, another deck deals the classes that get one more.
  /// - Throws: `Failure.badData` if there are too few pictures, or if pictures made of one image
  ///   cannot be kept as far apart as the design asks.
  func lists() throws -> [[Entry]] {
    try check()
    let seed = design.seed.derive("study lists")
    var decks = pools.map { pool in
      (0..<classCount).map { label in
        Deck(
          pool.candidates[label].count,
          seed: seed.derive("candidates of \(pool.condition.name), class \(label)"))
      }
    }
    var classes = pools.map {
      Deck(classCount, seed: seed.derive("classes of \($0.condition.name)"))
    }
    var checkDeck = Deck(checks.count, seed: seed.derive("checks"))
    var controlDecks = ControlDecks(controls, pools, seed: seed)
    let first = seed.derive("practice").order(practice.count).prefix(design.practice).map { place in
      Entry(phase: .practice, item: .practice(place))
    }
    return try (1...design.participants + design.spares).map { slot in
      var entries: [Entry] = []
      for condition in pools.indices {
        var quota = [Int](repeating: perCondition / classCount, count: classCount)
        for label in classes[condition].deal(perCondition % classCount) ?? [] { quota[label] += 1 }
        for label in 0..<classCount {
          for place in decks[condition][label].deal(quota[label]) ?? [] {
            entries.append(
              Entry(
                phase: .main, item: .adversarial(condition: condition, label: label, place: place)))
          }
        }
      }
      let seed = seed.derive("participant \(slot)")
      // The first of the shuffled pictures are shown again.
      entries += seed.derive("repeats").shuffled(entries).prefix(design.repeats)
      for (kind, number) in [
        (Stimulus.Kind.cleanControl, design.clean), (.noiseControl, design.noise),
      ] {
        let shown = Set(entries.map { image($0.item) })
        entries += controlDecks.deal(kind, number ?? perCondition, avoiding: shown).map {
          Entry(phase: .main, item: .control($0))
        }
      }
      let seen = Set(entries.map { image($0.item) })
      // Checks are made of images that this list does not show attacked, if there are enough.
      let unseen = checkDeck.deal(design.checks) { seen.contains(checks[$0].index) }
      for place in unseen ?? checkDeck.deal(design.checks) ?? [] {
        entries.append(Entry(phase: .check, item: .clean(place)))
      }
      let images = entries.map { image($0.item) }
      let order = arranged(
        images, distance: design.distance, after: first.map { image($0.item) },
        seed: seed.derive("order"))
      guard let order else {
        let most = Dictionary(grouping: images, by: \.self).max {
          ($0.value.count, $0.key) < ($1.value.count, $1.key)
        }
        throw Failure.badData(
          "list \(slot): \(most?.value.count ?? 0) of its \(images.count) pictures are made of "
            + "image \(most?.key ?? 0), too many to keep \(design.distance) other trials between "
            + "any two",
          hint: "use more images of each class (imagesPerClass), or a smaller distance")
      }
      return first + order.map { entries[$0] }
    }
  }

  /// The place in the data set of the image that a picture is made of.
  private func image(_ item: Item) -> Int {
    switch item {
    case .adversarial(let condition, let label, let place):
      pools[condition].candidates[label][place].index
    case .control(let item):
      pools[item.condition].candidates[item.label][item.place].index
    case .clean(let place): checks[place].index
    case .practice(let place): practice[place].index
    }
  }
}
