import Support

/// A classifier's computation for a set of inputs, in the form in which its outputs can be bounded
/// by linear functions of the input (CROWN).
///
/// Every step of the computation is affine, or lies between two straight lines for each number, or
/// has an interval alone. A linear function of the logits is bounded by going back through the
/// steps: its coefficients pass through an affine step as a gradient does, and at a line each
/// coefficient takes the lower or the upper line, by its sign. At the input, the bound is a linear
/// function of the input, whose smallest value over the set is known (`InputSet.smallest`).
///
///     let relaxation = try Relaxation(of: network, on: InputSet(box), refining: true)
///     let margins = try relaxation.margins(labels)   // > 0: no input in the box changes the class
///
/// The lines of an activation need an interval of its input. With `refining`, each interval that
/// decides about lines is bounded in the same way (CROWN); without, intervals come from interval
/// bounds alone (CROWN-IBP), which is much faster and less tight. The bounds hold up to the
/// rounding of float32, and gradients flow through them. Sources: H. Zhang et al., "Efficient
/// Neural Network Robustness Certification with General Activation Functions" (2018); H. Zhang et
/// al., "Towards Stable and Efficient Training of Verifiably Robust Neural Networks" (2020), for
/// CROWN-IBP.
public final class Relaxation {
  /// A step of the computation. Steps are numbered in their order; each takes earlier ones.
  enum Step {
    case input
    /// An affine function of some values.
    case affine([Int], ([Tensor]) throws -> Tensor)
    /// A function of each number of a value.
    case lines(Int, RelaxationLines)
    /// The largest number of each window of a value.
    case largest(Int, RelaxedPooling)
    /// Known by its interval alone.
    case interval
  }

  /// The inputs.
  public let set: InputSet
  let refines: Bool
  /// Whether the bounds can be differentiated in the weights of the network.
  let learns: Bool
  /// Called before each pass back through the computation. It may throw, to stop.
  let onPass: () throws -> Void
  private(set) var steps: [Step] = []
  /// The interval of each value.
  var bounds: [Bounds] = []
  private var output: Int?
  /// The largest absolute value of any number of each image, by the intervals, `[N]`.
  private var largest: Tensor?

  /// - Parameters:
  ///   - refining: whether the intervals before activations are bounded by linear functions too.
  ///   - onPass: called before each pass back, so that a long computation can be watched or
  ///     stopped.
  /// - Throws: `Failure.badData` that names what has no bounds; what `onPass` throws.
  public convenience init(
    of classifier: any Classifier, on set: InputSet, refining: Bool,
    onPass: @escaping () throws -> Void = {}
  ) throws {
    try self.init(on: set, refining: refining, onPass: onPass) { try classifier.relaxed($0) }
  }

  /// - Parameters:
  ///   - learning: whether the bounds can be differentiated in the weights of the network.
  ///   - computation: adds the steps from the input to the logits.
  public init(
    on set: InputSet, refining: Bool, learning: Bool = false,
    onPass: @escaping () throws -> Void = {},
    _ computation: (RelaxedValue) throws -> RelaxedValue
  ) throws {
    self.set = set
    refines = refining
    learns = learning
    self.onPass = onPass
    var input = add(.input, set.box, isBox: true, isTight: true)
    input.ball = set.ball.map { RelaxedBall(center: $0.center, spread: $0.spread) }
    output = try computation(input).index
  }

  /// Adds a step.
  func add(
    _ step: Step, _ bounds: Bounds, isBox: Bool = false, isTight: Bool = false
  ) -> RelaxedValue {
    steps.append(step)
    self.bounds.append(bounds)
    let size = (bounds.center.detached.absolute + bounds.radius.detached).flattened.max([1])
    largest = largest.map { $0.maximum(size) } ?? size
    return RelaxedValue(
      relaxation: self, index: steps.count - 1, bounds: bounds, isBox: isBox, isTight: isTight,
      ball: nil)
  }

  private var logits: Int {
    guard let output else { preconditionFailure("the computation has no output yet") }
    return output
  }

  /// The intervals of the logits from interval bounds alone, `[N, K]`.
  public var intervals: Bounds { bounds[logits] }

  /// Intervals of the logits, `[N, K]`: from interval bounds, and, where they are tighter, from
  /// linear bounds.
  public func logitBounds() throws -> Bounds {
    let known = bounds[logits]
    let (images, classes) = (known.center.shape[0], known.center.shape[1])
    let unit = Tensor.range(classes, device: known.center.device).oneHot(classes: classes)
    let all = unit.reshaped([1, classes, classes]).expanded([images, classes, classes])
    let lower = try smallest(all).value
    let upper = -(try smallest(-all).value)
    return Bounds(lower: known.lower.maximum(lower), upper: known.upper.minimum(upper))
  }

  /// Lower bounds of z[y] − z[j] for the labels y and all other classes j, `[N, K − 1]`, in which
  /// the other classes follow each other from y + 1 on, modulo K.
  public func differences(_ labels: Tensor) throws -> Tensor { try differenceBounds(labels).value }

  /// A lower bound, for each image, of the smallest difference between the logit of its label and
  /// another one, less what rounding may add: `[N]`. If it is positive, every input of the set has
  /// the label as its class.
  ///
  /// Rounding is taken as 10⁻⁵ of the sum of the absolute values that a bound consists of, which is
  /// more than ten times the rounding of one float32 pass.
  public func margins(_ labels: Tensor) throws -> Tensor {
    let found = try differenceBounds(labels)
    return (found.value - found.magnitude * Self.allowance).min([1]).orUnknown
  }

  /// The same from interval bounds alone. Rounding is taken as 10⁻⁵ of the largest number that the
  /// network computes.
  public func intervalMargins(_ labels: Tensor) -> Tensor {
    let differences = intervalDifferences(labels).min([1])
    return (differences - (largest ?? differences) * Self.allowance).orUnknown
  }

  private static let allowance = 1e-5

  /// The same from interval bounds alone: the lower end of the label's logit less the upper ends of
  /// the others.
  public func intervalDifferences(_ labels: Tensor) -> Tensor {
    let worst = intervals.worstLogits(labels)
    return (differenceFunctions(labels) * worst.reshaped([worst.shape[0], 1, -1])).sum([2])
  }

  private func differenceBounds(_ labels: Tensor) throws -> (value: Tensor, magnitude: Tensor) {
    try smallest(differenceFunctions(labels))
  }

  /// The coefficients of z[y] − z[j] for the labels y and all other classes j, `[N, K − 1, K]`.
  private func differenceFunctions(_ labels: Tensor) -> Tensor {
    // own [N, 1, K], other [N, K − 1, K]
    let classes = intervals.center.shape[1]
    let own = labels.oneHot(classes: classes).reshaped([-1, 1, classes])
    let turns = (1..<classes).map { turn -> Tensor in
      let next = labels + Double(turn)
      return next.isAtLeast(Double(classes)).choose(next - Double(classes), else: next)
        .oneHot(classes: classes)
    }
    let other = Tensor.stack(turns, along: 1)
    return own.expanded(other.shape) - other
  }

  /// Lower bounds of linear functions of the logits.
  /// - Parameter functions: S functions for each image, by their coefficients, `[N, S, K]`.
  /// - Returns: the bounds and the sums of the absolute values that they consist of, `[N, S]` each.
  private func smallest(_ functions: Tensor) throws -> (value: Tensor, magnitude: Tensor) {
    let (images, count, classes) = (functions.shape[0], functions.shape[1], functions.shape[2])
    // The image of each row: 0, …, 0, 1, …, 1, …
    let places = Tensor.range(images, device: functions.device).reshaped([-1, 1])
      .expanded([images, count]).reshaped([-1])
    let found = try smallest(
      functions.reshaped([images * count, classes]), of: logits, images: places)
    return (found.value.reshaped([images, count]), found.magnitude.reshaped([images, count]))
  }
}
