import ModelCore
import Support

extension LabelledImages {
  /// What determines the number of classes of some data.
  enum ClassSource: Sendable {
    /// The format or the file states it.
    case fixed
    /// The largest label, unless the option `classes` states it.
    case labels
    /// The number of class folders, or of names in `classes.txt`.
    case folders
  }

  /// What to do if a model has another number of classes than these data.
  public func advice(forModelWith classes: Int) -> String {
    guard classes > classCount else {
      return classSource == .labels && classes == classCount - 1 && histogram[0] == 0
        ? "no image has the label 0: if the labels count from 1, subtract 1 from each"
        : "use a model of these \(classCount) classes, or only images of the model's classes"
    }
    return switch classSource {
    case .labels:
      "if the labels do not reach the last class, state the number with the option "
        + "classes=\(classes), as in \(name):classes=\(classes)"
    case .folders:
      "if the data lack classes, list the names of all \(classes) classes in the model's order in "
        + "the file \(ClassNamesFile.name), the class folders' names among them"
    case .fixed: "use a model of these \(classCount) classes"
    }
  }

  /// The same images, with a note if all of them are nearly black: no value exceeds the lowest one
  /// by more than 1/255 of the range, as when 0 and 1 were written in place of 0 and 255. The
  /// values of tables and of pictures that stay in their files are not looked at.
  func notingDarkness() -> LabelledImages {
    guard case .memory(let pixels) = storage, pixels.rank == 4 else { return self }
    let highest = pixels.max().scalar
    if pixels.type == .uint8 { return highest == 1 ? noting([Self.darkness(of: name)]) : self }
    let share =
      (highest - valueRange.lowerBound) / (valueRange.upperBound - valueRange.lowerBound)
    // 1/255 as a 32-bit number is a little more than as a 64-bit number.
    guard share > 0, share < 1.0001 / 255 else { return self }
    return noting([
      "\(name): the largest value is \(Float(highest)) in the range from \(valueRange.words), so "
        + "all images are nearly black; is the range right, and were they divided by 255 only once?"
    ])
  }

  /// The note on bytes of which all are 0 or 1.
  static func darkness(of name: String) -> String {
    "\(name): every pixel is 0 or 1 of 255, so all images are nearly black; "
      + "write them again with values up to 255, or 65535 for 16 bits"
  }
}
