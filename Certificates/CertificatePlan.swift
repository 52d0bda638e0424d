import Attacks
import ModelCore
import Support

/// A certificate with everything that a request says about it: its settings, the sizes of
/// perturbations, the part of each example that may change, and the number of images.
public struct CertificatePlan: Sendable {
  /// The name that results are stored under: the method's own name, unless an experiment gives
  /// another one.
  public let name: String
  public let method: any Certificate
  /// The sizes of perturbations for which the certified accuracy is reported, in units of pixel
  /// values, each once and in ascending order.
  public let epsilons: [Double]
  /// The part of each example that may change; nil for all of it.
  public let mask: MaskLimit?
  /// The number of images, counted from the first; nil for all images of the request.
  public let count: Int?

  /// Reads a request: `epsilons`, `mask`, `count`, and the method's own settings.
  /// - Throws: `Failure.usage` for an unknown method; `Failure.badData` with the place of a setting
  ///   that is not valid.
  public init(name: String, certificate: String? = nil, _ settings: Settings) throws {
    let type = try CertificateRegistry.type(named: certificate ?? name)
    self.name = certificate == nil ? type.name : name
    method = try type.init(settings)
    let given = settings.has("epsilon") ? "epsilon" : "epsilons"
    let sizes = try settings.doubles(
      given, in: 0...Double.infinity, "the sizes of perturbations, in pixel units")
    guard !sizes.isEmpty, sizes.allSatisfy(\.isFinite) else {
      throw Failure.badData(
        "\(settings.place(of: given)): \(name): expected at least one size, found none",
        hint: "for example epsilons: [0.01, 0.02, 0.05]")
    }
    epsilons = Array(Set(sizes)).sorted()
    mask = try MaskLimit(settings)
    count = try settings.optionalInt(
      "count", in: 1...Int.max, "number of images, counted from the first")
    try settings.finish(name)
  }

  /// Creates a plan in a program, without settings.
  public init(
    name: String, _ method: any Certificate, epsilons: [Double], mask: MaskLimit? = nil,
    count: Int? = nil
  ) {
    self.name = name
    self.method = method
    self.epsilons = Array(Set(epsilons)).sorted()
    self.mask = mask
    self.count = count
  }

  /// Checks that the plan fits a classifier.
  /// - Throws: `Failure`, which says what does not fit.
  public func check(_ classifier: any Classifier) throws {
    try checkSizes(in: classifier.valueRange, features: classifier.inputShape.count)
    try method.check(classifier)
  }

  /// Checks that images of a value range can change by as much as each size allows.
  /// - Throws: `Failure.usage`, which names the size and the largest one.
  public func checkSizes(in valueRange: ClosedRange<Double>, features: Int) throws {
    for epsilon in epsilons {
      try method.norm.check(budget: epsilon, of: name, in: valueRange, features: features)
    }
  }

  /// Everything except the sizes, as an experiment file would say it.
  public var settings: [String: String] {
    var all = method.parameters
    all["certificate"] = type(of: method).name
    if let mask { all["mask"] = mask.rawValue }
    if let count { all["count"] = "\(count)" }
    return all
  }

  /// Everything in one line, which is the same for equal plans.
  public var text: String {
    settings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
      + " epsilons=\(epsilons.map(\.plainDecimal).joined(separator: ","))"
  }

  /// Certifies images.
  /// - Parameters:
  ///   - masks: 0 and 1, in the shape of the images; nil if the data have none.
  /// - Precondition: there are masks if the plan is limited by them.
  public func certify(
    _ images: Tensor, labels: Tensor, masks: Tensor?, of classifier: any Classifier,
    draws: ExampleDraws, _ done: (Int) throws -> Void = { _ in }
  ) throws -> [CertifiedImage] {
    let region: Region
    if let mask {
      guard let masks else { preconditionFailure("\(name) is limited by masks; there are none") }
      region = mask.region(masks)
    } else {
      region = .everywhere
    }
    return try method.certify(
      images, labels: labels, in: region, radii: epsilons, of: classifier, draws: draws, done)
  }
}
