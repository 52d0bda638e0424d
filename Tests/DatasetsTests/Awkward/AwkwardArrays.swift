import Foundation
import Support
import TestSupport

/// A data set of arrays as a user may have saved it, in one of many element types, orders and value
/// ranges. It is made from known pictures and labels, so what a reader must give is known too.
struct AwkwardArrays {
  /// What the numbers in the array of images are.
  enum Values: CaseIterable {
    /// 0 to 255, of which 255 stands for 1.
    case bytes
    /// 0 to 255 in an integer type wider than a byte.
    case wideBytes
    /// Truth values.
    case truths
    /// Bytes that are all 0 or 1.
    case zerosAndOnes
    /// Fractions from 0 to 1, as floating-point numbers.
    case fractions
    /// Fractions that rounding has moved out of 0 to 1 by less than a millionth.
    case roundedFractions
    /// 0 to 255 as floating-point numbers.
    case floatBytes
    /// 2·fraction − 1
    case signedFractions
    /// Fractions of which one is not a number.
    case notANumber
    /// Fractions of which one is infinite.
    case infinite
  }

  /// What the array of labels holds.
  enum Labels: CaseIterable {
    case numbers, column, floats, oneHot, texts, truths, negative, fromOne, misaligned
  }

  /// The fractions of the pictures, `[N, C, H, W]`, each a multiple of 1/255.
  var fractions: [Double]
  var channels: Int
  var labels: [Int]
  var values: Values
  var imageType: String
  var labelKind: Labels
  var labelType: String
  var isBigEndian: Bool
  var isFortran: Bool
  var isChannelsLast: Bool
  var isArchive: Bool
  /// Options that follow the path, such as `:classes=4`.
  var options = ""

  static let (count, height, width) = (6, 4, 5)
  static let classes = 3

  /// One of the awkward data sets. The same number gives the same set.
  init(_ number: Int) {
    var random = SeededGenerator(state: UInt64(number) &* 7919 &+ 17)
    // Two values take turns so that every combination of values and labels occurs, but most sets
    // have at most one fault: usually either the images or the labels are sound.
    values = Values.allCases[number % Values.allCases.count]
    let odd = Labels.allCases[number / Values.allCases.count % Labels.allCases.count]
    labelKind = number % 2 == 0 || odd == .column ? odd : .numbers
    channels = Bool.random(using: &random) ? 1 : 3
    let isTwoLevel = [.truths, .zerosAndOnes].contains(values)
    fractions = (0..<Self.count * channels * Self.height * Self.width).map { _ in
      isTwoLevel
        ? Double(Int.random(in: 0...1, using: &random))
        : Double(Int.random(in: 0...255, using: &random)) / 255
    }
    // Both ends of the range occur.
    fractions[0] = 0
    fractions[1] = 1
    let classes = labelKind == .truths ? 2 : Self.classes
    labels = (0..<Self.count).map { $0 % classes }.shuffled(using: &random)
    let floats = ["f4", "f8", "f2"]
    imageType =
      switch values {
      case .bytes, .zerosAndOnes: "u1"
      case .wideBytes: ["u2", "i2", "i4", "u4", "i8", "u8"].randomElement(using: &random)!
      case .truths: "b1"
      case .roundedFractions: Bool.random(using: &random) ? "f4" : "f8"
      default: floats.randomElement(using: &random)!
      }
    labelType =
      switch labelKind {
      case .floats: Bool.random(using: &random) ? "f4" : "f8"
      case .oneHot: ["u1", "i8", "f4", "b1"].randomElement(using: &random)!
      case .truths: "b1"
      case .texts: "U5"
      case .negative: ["i1", "i2", "i4", "i8"].randomElement(using: &random)!
      default:
        ["u1", "i1", "u2", "i2", "i4", "u4", "i8", "u8"].randomElement(using: &random)!
      }
    isBigEndian = Bool.random(using: &random)
    isFortran = Bool.random(using: &random)
    isChannelsLast = Bool.random(using: &random)
    isArchive = Bool.random(using: &random)
  }

  /// Writes the arrays and returns what the command line would name.
  func write(to folder: URL) throws -> String {
    let images = ("images", Self.npy(imageType, imageShape, imageNumbers, self))
    let labels = ("labels", Self.npy(labelType, labelShape, labelNumbers, self))
    guard isArchive else {
      for (name, bytes) in [images, labels] {
        try Data(bytes).write(to: folder.appending(path: name + ".npy"))
      }
      return folder.path + options
    }
    let file = folder.appending(path: "set.npz")
    try Data(storedZip([images, labels].map { ($0.0 + ".npy", $0.1) })).write(to: file)
    return file.path + options
  }

  /// Whether no advice can mend the set: it lacks a label.
  var isBeyondRepair: Bool { labelKind == .misaligned }

  /// The labels as a reader must give them.
  var rightLabels: [Int64] { labels.map { Int64(labelKind == .fromOne ? $0 + 1 : $0) } }

  /// Does what a hint says.
  /// - Returns: whether the hint says something that can be done.
  mutating func follow(_ hint: String) -> Bool {
    if hint.contains("labels.astype('int64')") || hint.contains("labels.argmax(axis=1)")
      || hint.contains("numpy.unique(")
    {
      guard labelKind != .numbers else { return false }
      (labelKind, labelType) = (.numbers, "i8")
    } else if let option = hint.firstMatch(of: /:range=[0-9.-]+[0-9]/) {
      options = String(option.output)
    } else if hint.contains("astype('bool')") {
      (values, imageType) = (.truths, "b1")
    } else if hint.contains("astype('uint8')") {
      (values, imageType) = (.bytes, "u1")
    } else if hint.contains("nan_to_num") || hint.contains("replace the infinite values") {
      values = .fractions
    } else {
      return false
    }
    return true
  }

  // MARK: The numbers in the files

  private var imageShape: [Int] {
    isChannelsLast
      ? [Self.count, Self.height, Self.width, channels]
      : [Self.count, channels, Self.height, Self.width]
  }

  private var imageNumbers: [Double] {
    var numbers = isChannelsLast ? channelsLast(fractions) : fractions
    switch values {
    case .bytes, .wideBytes, .floatBytes: return numbers.map { ($0 * 255).rounded() }
    case .truths, .zerosAndOnes, .fractions: return numbers
    case .roundedFractions: return numbers.map { $0 == 0 ? -3e-8 : $0 == 1 ? 1.000_000_2 : $0 }
    case .signedFractions: return numbers.map { 2 * $0 - 1 }
    case .notANumber: numbers[7] = .nan
    case .infinite: numbers[7] = .infinity
    }
    return numbers
  }

  private func channelsLast(_ numbers: [Double]) -> [Double] {
    let (c, h, w) = (channels, Self.height, Self.width)
    return (0..<numbers.count).map { place in
      let (n, y, x, k) = (place / (h * w * c), place / (w * c) % h, place / c % w, place % c)
      return numbers[((n * c + k) * h + y) * w + x]
    }
  }

  private var labelShape: [Int] {
    switch labelKind {
    case .column: [Self.count, 1]
    case .oneHot: [Self.count, Self.classes]
    case .misaligned: [Self.count - 1]
    default: [Self.count]
    }
  }

  private var labelNumbers: [Double] {
    switch labelKind {
    case .oneHot: labels.flatMap { label in (0..<Self.classes).map { $0 == label ? 1 : 0 } }
    case .negative: labels.map { Double($0) - 1 }
    case .fromOne: labels.map { Double($0) + 1 }
    case .misaligned: labels.dropLast().map(Double.init)
    default: labels.map(Double.init)
    }
  }
}
