/// The inputs that a certificate speaks about: for each image, the points of a box, and, if there
/// is a ball, those of them that lie in the ball too.
public struct InputSet: Sendable {
  /// The smallest and the largest value of each feature, `[N, …]`.
  public let box: Bounds
  /// The ℓ2 ball; nil if the set is the whole box.
  public let ball: Ball?

  /// The points at a distance of at most `radius` from a centre, in ℓ2.
  public struct Ball: Sendable {
    /// `[N, …]`, in the shape of the box.
    public let center: Tensor
    public let radius: Double
    /// 1 where a feature may differ from the centre, and 0 elsewhere, `[N, …]`; nil for everywhere.
    public let changeable: Tensor?

    public init(around center: Tensor, radius: Double, changeable: Tensor? = nil) {
      self.center = center
      self.radius = radius
      self.changeable = changeable
    }

    /// How far each feature may be from the centre, in the shape of the centre.
    var spread: Tensor { (changeable ?? center * 0 + 1) * radius }

    fileprivate func rows(_ images: Tensor) -> Ball {
      Ball(
        around: center.indexSelect(0, images), radius: radius,
        changeable: changeable?.indexSelect(0, images))
    }
  }

  public init(_ box: Bounds, within ball: Ball? = nil) {
    self.box = box
    self.ball = ball
  }

  /// The sets of some images.
  /// - Parameter images: their places, int64 `[R]`. A place may occur several times.
  public func rows(_ images: Tensor) -> InputSet {
    InputSet(
      Bounds(
        around: box.center.indexSelect(0, images), by: box.radius.indexSelect(0, images)),
      within: ball?.rows(images))
  }

  /// The smallest value of a linear function Σ aᵢxᵢ over the set of each image, `[N]`.
  ///
  /// Over a box with the centre c and the radius r it is Σ aᵢcᵢ − Σ |aᵢ|rᵢ. Over a ball with the
  /// centre c and the radius ε it is Σ aᵢcᵢ − ε‖a‖₂, with the aᵢ of the features that may change.
  /// The set is a part of both, so the larger of the two numbers is a bound for it.
  /// - Parameter coefficients: a, `[N, …]`.
  func smallest(_ coefficients: Tensor) -> Tensor {
    let a = coefficients.flattened
    let inBox =
      (a * box.center.flattened).sum([1]) - (a.absolute * box.radius.flattened).sum([1])
    guard let ball else { return inBox }
    let free = ball.changeable.map { a * $0.flattened } ?? a
    let inBall =
      (a * ball.center.flattened).sum([1]) - free.square.sum([1]).squareRoot * ball.radius
    return inBox.maximum(inBall)
  }

  /// The sum of the absolute values that `smallest` adds up, `[N]`, which its rounding is
  /// proportional to.
  func magnitude(_ coefficients: Tensor) -> Tensor {
    (coefficients.absolute * (box.center.absolute + box.radius)).flattened.sum([1])
  }
}
