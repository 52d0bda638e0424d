import ModelCore

/// The common part of decision-based attacks: a search for the smallest perturbation that learns
/// one thing about the classifier, which class it predicts for an image.
///
/// Every image has a budget of queries, and each query asks whether one point reaches the goal. A
/// point that an image has no query left for is not asked about, and counts as not reaching the
/// goal. The budget is therefore never exceeded, whatever an attack does.
///
/// The search begins on the other side of the decision boundary, in random noise (`start`), and
/// comes back to the boundary by bisection (`bisect`). Of several noise images it takes one that is
/// near (`improveStart`). Images that no noise moves across the boundary leave unchanged. As there
/// is no pool of other images to start from, a targeted search often ends like this: some noise
/// must happen to be of the target class.
struct DecisionSearch {
  let classifier: any Classifier
  let norm: Norm
  /// The images that are searched for; their present state reaches the goal.
  private(set) var active: ActiveImages
  /// The nearest image so far that reaches the goal.
  private(set) var best: NearestImages
  /// The number of queries left for each active image, without the last one (see `finish`).
  private(set) var left: [Int]

  /// The number of points in one forward pass. A pass exceeds it only if one point of each image
  /// does.
  private static let atOnce = 512
  /// The number of noise images that are tried as a start of each image.
  private static let trials = 100
  /// The share by which a result is beyond the boundary point that was found.
  private static let beyond = 1e-4

  /// Asks about the images themselves, and finds a start for those that do not reach the goal.
  /// - Parameter queries: the number of queries for each image.
  init(
    _ images: Tensor, _ goal: Goal, _ draws: ExampleDraws, _ classifier: any Classifier,
    norm: Norm, queries: Int
  ) {
    self.classifier = classifier
    self.norm = norm
    active = ActiveImages(images, goal, draws)
    best = NearestImages(images)
    left = [Int](repeating: queries, count: images.shape[0])
    leave(where: ask(images))
    // One query is kept for the end.
    left = left.map { max(0, $0 - 1) }
    start()
    improveStart(min(40, queries / 40))
  }

  var isEmpty: Bool { active.isEmpty }
  /// The distance of each active image from its original, `[M]`.
  var distance: Tensor { norm.size(active.x - active.originals) }
  var rows: [Int] { Array(left.indices) }

  // MARK: Queries

  /// Whether points reach the goals of their images.
  /// - Parameters:
  ///   - points: `[R, …]`.
  ///   - owners: the active image that each point belongs to, R of them; nil if there is one point
  ///     for each image.
  /// - Returns: R answers.
  mutating func ask(_ points: Tensor, of owners: [Int]? = nil) -> [Bool] {
    let owners = owners ?? rows
    var answers = [Bool](repeating: false, count: owners.count)
    let asked = owners.indices.filter { place in
      defer { left[owners[place]] = max(0, left[owners[place]] - 1) }
      return left[owners[place]] > 0
    }
    let size = max(Self.atOnce, left.count)
    for first in stride(from: 0, to: asked.count, by: size) {
      let places = Array(asked[first..<min(first + size, asked.count)])
      let rows = Tensor(labels: places).to(points.device)
      let goal = active.goal.at(Tensor(labels: places.map { owners[$0] }).to(points.device))
      let reached = goal.isReached(classifier.predictions(points.indexSelect(0, rows))).int64s()
      for (place, isReached) in zip(places, reached) { answers[place] = isReached != 0 }
    }
    return answers
  }

  /// The number of samples for each image that fill one forward pass.
  var samplesAtOnce: Int { max(1, Self.atOnce / max(1, left.count)) }

  /// Asks about one point of each of some images, and moves there the images whose point reaches
  /// the goal.
  /// - Parameters:
  ///   - points: `[M, …]`, valid and in the region.
  ///   - rows: the images to ask about.
  /// - Returns: the images among `rows` that moved.
  mutating func move(to points: Tensor, _ rows: [Int]) -> [Int] {
    let places = Tensor(labels: rows).to(points.device)
    let answers = ask(points.indexSelect(0, places), of: rows)
    let moved = zip(rows, answers).filter { $0.1 }.map { $0.0 }
    guard !moved.isEmpty else { return [] }
    let all = Tensor(labels: moved).to(points.device)
    active.x = active.x.replacingRows(all, with: points.indexSelect(0, all))
    return moved
  }

  /// Images `[M, …]` with valid pixels, changed only in the region.
  func valid(_ images: Tensor) -> Tensor {
    active.goal.region.limited(
      images.clamped(to: classifier.valueRange), around: active.originals)
  }

  // MARK: The way to the boundary

  /// Moves every image to noise that reaches the goal; images without such noise leave.
  private mutating func start() {
    var started: Set<Int> = []
    for trial in 0..<Self.trials {
      let waiting = rows.filter { left[$0] > 0 && !started.contains($0) }
      guard !waiting.isEmpty else { break }
      started.formUnion(move(to: valid(noise(trial)), waiting))
    }
    leave(where: rows.map { !started.contains($0) })
  }

  /// Looks for a nearer start, after a first way back to the boundary: of some other noise images,
  /// each is asked about at nine tenths of the present distance, and taken if it reaches the goal.
  ///
  /// With a small budget, an attack that starts nearer by a tenth also ends nearer by some
  /// percents, and here a tenth costs a few queries.
  private mutating func improveStart(_ rivals: Int) {
    guard !isEmpty else { return }
    bisect(8)
    for trial in 0..<rivals {
      let move = valid(noise(Self.trials + trial)) - active.originals
      _ = self.move(
        to: valid(active.originals + norm.nearest(move, within: distance * 0.9)), rows)
    }
  }

  /// Uniform noise, in squares of 1, 2, 4 or 8 pixels: large squares reach classes that noise of
  /// single pixels does not. Rows of a table get single numbers.
  private func noise(_ trial: Int) -> Tensor {
    // noise [M, C, H, W] or [M, D]
    let range = classifier.valueRange
    let own = active.draws.purpose("noise \(trial)")
    let shape = Array(active.x.shape.dropFirst())
    let bounds = range.lowerBound..<range.upperBound
    let side = 1 << (trial % 4)
    guard shape.count == 3, side > 1 else { return own.uniform(shape, in: bounds) }
    let tiles = Tiles(side: side, height: shape[1], width: shape[2])
    return tiles.enlarged(own.uniform([shape[0]] + tiles.counts, in: bounds))
  }

  /// Moves every image back to the boundary.
  ///
  /// The points between an image and its original are those of balls around the original: with the
  /// radius r = α‖x − X‖, the nearest point of the ball to x. In ℓ2 they lie on a straight line, in
  /// ℓ∞ each pixel changes by at most r. α has an interval whose upper end reaches the goal; each
  /// query halves it.
  /// - Parameter halvings: the number of queries for each image.
  mutating func bisect(_ halvings: Int) {
    // move [M, …]; full, low, high (α) [M]
    guard !isEmpty else { return }
    let move = active.x - active.originals
    let full = norm.size(move)
    var (low, high) = (full * 0, full * 0 + 1)
    for _ in 0..<halvings {
      let middle = (low + high) / 2
      let points = valid(active.originals + norm.nearest(move, within: full * middle))
      let moved = Set(self.move(to: points, rows))
      let reached = Self.mask(rows.map(moved.contains), like: full)
      high = reached.choose(middle, else: high)
      low = reached.choose(low, else: middle)
    }
    keepNearest()
  }

  /// Keeps the images as they are now where they are nearer than ever before.
  mutating func keepNearest() {
    best.offer(active.x, where: distance.isFinite, at: distance)
  }

  // MARK: The end

  /// The images with fewer than a number of queries left leave with the nearest image found.
  ///
  /// A bisection ends so near to the boundary that rounding could take the image back across it.
  /// The last query of an image asks about the point that is farther away by a ten-thousandth,
  /// which is the result if it reaches the goal.
  /// - Returns: the indices, among the images that were active, of those that remain; nil if no
  ///   image left.
  @discardableResult
  mutating func finish(below queries: Int) -> Tensor? {
    let isDone = left.map { $0 < queries }
    guard isDone.contains(true) else { return nil }
    // The other images stay where they are: their way must not depend on the batch.
    active.x = Self.mask(isDone, like: active.x).perImage(like: active.x)
      .choose(best.images, else: active.x)
    let farther = valid(
      active.originals + (best.images - active.originals) * (1 + Self.beyond))
    let done = rows.filter { isDone[$0] }
    for row in done { left[row] = 1 }
    _ = move(to: farther, done)
    return leave(where: isDone)
  }

  @discardableResult
  private mutating func leave(where done: [Bool]) -> Tensor? {
    guard let staying = active.leave(where: Self.mask(done, like: active.x)) else { return nil }
    best.keep(staying)
    left = zip(left, done).filter { !$0.1 }.map { $0.0 }
    return staying
  }

  /// Answers as a tensor of type bool on the device of another one.
  private static func mask(_ answers: [Bool], like other: Tensor) -> Tensor {
    Tensor(labels: answers.map { $0 ? 1 : 0 }).to(other.device).equals(1)
  }

  /// The whole batch, `[N, …]`, after the last image has left.
  var results: Tensor { active.results }
}
