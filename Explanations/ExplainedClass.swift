import Support

/// The class that a user asks to be explained, by its name or its number.
public enum ExplainedClass {
  /// The number of a class.
  /// - Parameters:
  ///   - text: the name of a class, or its number from 0. A class that has the number as its name
  ///     comes first.
  ///   - names: the names of the classes.
  ///   - data: the name of the data, for messages.
  ///   - place: the option or the line, for messages.
  /// - Throws: `Failure.usage` if there is no such class.
  public static func number(
    _ text: String, among names: [String], of data: String, place: String
  ) throws -> Int {
    if let found = names.firstIndex(of: text) { return found }
    if let number = (0...names.count - 1).number(text) { return number }
    let some = names.prefix(10).map { "'\($0)'" }.joined(separator: ", ")
    throw Failure.usage(
      "\(place): expected a class of \(data), by its name or by its number from 0 to "
        + "\(names.count - 1), found '\(text)'",
      hint: nearestName(to: text, among: names).map { "did you mean '\($0)'?" }
        ?? "its classes are \(some)\(names.count > 10 ? " and others" : "")")
  }

  /// Checks that methods can explain a class in place of the predicted one.
  /// - Throws: `Failure.usage`, which names the first method that explains something else.
  public static func check(_ methods: [NamedExplanation], place: String) throws {
    guard let other = methods.first(where: { !$0.method.scalar.isOfPredictedClass }) else { return }
    throw Failure.usage(
      "\(place): a class can be explained in place of the predicted one, and the method "
        + "\(other.name) explains scalar=\(other.method.scalar.rawValue)",
      hint: "leave its scalar out, or use one whose name begins with 'predicted'")
  }
}
