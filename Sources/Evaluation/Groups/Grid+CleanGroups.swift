extension Grid {
  /// The accuracies of a model by group on unchanged images, those with the most images; nil if there
  /// are none.
  public func cleanGroups(_ victim: String) -> GroupAccuracies? {
    func images(_ cell: GroupCell) -> Int { cell.accuracies.groups.map(\.images).reduce(0, +) }
    return groups?.filter { $0.epsilon == 0 && $0.victim == victim }
      .max { images($0) < images($1) }?.accuracies
  }
}
