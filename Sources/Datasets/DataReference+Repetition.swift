import Support

extension DataReference {
  /// The value of an option that stands for the number of an experiment's repetition.
  static let repetitionWord = "repetition"

  /// The reference in a repetition of an experiment: the value `repetition` of an option, such as
  /// `iris-cancer:split=repetition`, becomes the number of the repetition. Elsewhere it stands for
  /// 1.
  public func repetition(_ number: Int) -> DataReference {
    let isRepetition = { (entry: Settings.Entry) in entry.value == .scalar(Self.repetitionWord) }
    guard options.contains(where: isRepetition) else { return self }
    let words = options.map { entry in
      Settings.Entry(
        name: entry.name, value: isRepetition(entry) ? .scalar("\(number)") : entry.value,
        place: entry.place)
    }
    return DataReference(source: source, base: base, split: split, options: words)
  }
}
