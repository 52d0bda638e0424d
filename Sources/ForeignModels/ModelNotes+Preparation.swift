import ModelCore
import Support

extension ModelNotes {
  /// These notes, completed by others: settings that these notes do not state are taken from
  /// `other`. An architecture and layers exclude each other. So if these notes state either of
  /// them, both are ignored in `other`.
  public func over(_ other: ModelNotes) -> ModelNotes {
    var both = self
    both.architecture = architecture ?? (layers == nil ? other.architecture : nil)
    both.layers = layers ?? (architecture == nil ? other.layers : nil)
    both.input = input ?? other.input
    both.classNames = classNames ?? other.classNames
    both.normalization = normalization ?? other.normalization
    both.channels = channels ?? other.channels
    both.range = range ?? other.range
    both.layout = layout ?? other.layout
    both.entry = entry ?? other.entry
    both.output = output ?? other.output
    both.binary = binary ?? other.binary
    return both
  }

  /// What is chosen of a program's outputs, as texts for its fingerprint.
  var choices: [String] {
    (output.map { ["output \($0)"] } ?? []) + (binary == true ? ["binary"] : [])
  }

  /// The layers that turn the data's values into what the model takes.
  ///
  /// With data in [a, b], a model's range [c, d] and k = (d − c) / (b − a), a value x becomes
  /// y = c + k·(x − a) and then (y − mean) / deviation. Both steps are affine, so they are one
  /// normalisation of x with the mean a + (mean − c) / k and the standard deviation deviation / k.
  /// - Parameters:
  ///   - input: the shape of an image or of a row of a table.
  ///   - valueRange: the smallest and the largest value of the data.
  func preparation(for input: InputShape, in valueRange: ClosedRange<Double>) throws -> LayerList {
    var texts = channels == .bgr ? ["bgr"] : []
    let inside = range ?? valueRange
    if normalization != nil || inside != valueRange {
      func numberForEach(_ numbers: [Double]) -> [Double] {
        // A normalisation has one number per channel of an image or per feature of a row.
        numbers.count == 1 ? [Double](repeating: numbers[0], count: input.sizes[0]) : numbers
      }
      let (shift, low) = range == nil ? (0, 0) : (valueRange.lowerBound, inside.lowerBound)
      let scale = range == nil ? 1 : inside.width / valueRange.width
      let mean = numberForEach(normalization?.mean ?? [0]).map { shift + ($0 - low) / scale }
      let deviation = numberForEach(normalization?.deviation ?? [1]).map { $0 / scale }
      func list(_ numbers: [Double]) -> String { numbers.map { "\($0)" }.joined(separator: ",") }
      texts.append("normalize mean \(list(mean)) std \(list(deviation))")
    }
    return try LayerList(texts)
  }
}

extension ClosedRange<Double> {
  fileprivate var width: Double { upperBound - lowerBound }
}
