import ModelCore
import Support

/// Which values of a graph may share memory, and what follows from that where a step writes into a
/// value, as `relu_` does.
struct ExportAliases {
  /// For each slot, a slot that stands for all that may share memory with it.
  private var groups: [Int]
  /// The groups into which a step writes.
  private var written: Set<Int> = []
  /// Whether a step writes into a value of which a step before has made a new shape.
  private var writesIntoNewShapes = false

  /// - Throws: `Failure.badData` if a step writes into a constant, that is, a weight.
  init(_ steps: [ExportStep], constants: Set<Int>, slots: Int) throws {
    groups = Array(0..<slots)
    var reshaped: Set<Int> = []
    for step in steps where step.sharesMemory {
      for slot in step.reads + step.gives { join(slot, (step.reads + step.gives)[0]) }
    }
    let weights = Set(constants.map { find($0) })
    for step in steps {
      if let target = step.written {
        let group = find(target)
        written.insert(group)
        guard !weights.contains(group) else {
          throw ExportOperators.training("\(step.label) writes into a weight")
        }
        if reshaped.contains(group) { writesIntoNewShapes = true }
      }
      if step.mayReshape { reshaped.formUnion(step.gives.map(find)) }
    }
  }

  private func find(_ slot: Int) -> Int {
    var slot = slot
    while groups[slot] != slot { slot = groups[slot] }
    return slot
  }

  /// Unites two groups, and shortens the way to the slot that stands for them.
  private mutating func join(_ a: Int, _ b: Int) {
    let root = find(b)
    groups[find(a)] = root
    groups[a] = root
    groups[b] = root
  }

  /// Whether a step takes or gives a value that is written into.
  func isWritten(_ step: ExportStep) -> Bool {
    (step.reads + step.gives).contains { written.contains(find($0)) }
  }

  /// How images and weights lie in memory. A change of the shape copies values that do not lie in
  /// row-major order, and a later write would then miss the copy, so such graphs stay in that order.
  func layout(images: Int) -> ExportLayout {
    ExportLayout(channelsLast: !writesIntoNewShapes, copiesImages: !written.isEmpty)
  }
}

/// How the images and the weights of a graph lie in memory.
struct ExportLayout {
  /// Whether channels lie last, in which convolutions are fastest.
  let channelsLast: Bool
  /// Whether the images are copied, since the graph writes into values.
  let copiesImages: Bool

  func ordered(_ tensor: Tensor) -> Tensor {
    guard channelsLast else { return tensor.contiguous }
    let isImage = tensor.rank == 4 && tensor.type == .float32 && tensor.shape[1] > 1
    return isImage ? tensor.channelsLast : tensor
  }

  /// The images as the first step takes them. The copy is a result of an operation, so that it can
  /// be written into where gradients are recorded, too.
  func prepared(_ images: Tensor) throws -> Tensor {
    let ordered = ordered(images)
    return copiesImages ? try ExportLayout.clone([.tensor(ordered)]).tensor : ordered
  }

  private static let clone: Operator = {
    do { return try Operator("aten::clone") } catch { Engine.stop("\(error)") }
  }()
}
