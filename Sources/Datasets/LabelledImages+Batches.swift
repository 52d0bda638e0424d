import ModelCore

extension LabelledImages {
  /// The examples of a range, with values in `valueRange`.
  ///
  /// If the pictures stay in their files, the next range of the same length is decoded in the
  /// background.
  /// - Precondition: `range` lies in `0..<count`.
  public func batch(_ range: Range<Int>) -> Batch {
    var following: [Int] = []
    if case .stream(_, let places) = storage {
      following = Array(
        places[range.upperBound..<min(places.count, range.upperBound + range.count)])
    }
    return Batch(
      images: storage[range].values(in: valueRange, following: following),
      annotations: annotations[range].withExpandedMasks, places: Array(range))
  }

  /// The examples with the given indices, in that order.
  /// - Parameter indices: int64 `[n]`, each in `0..<count`.
  public func batch(at indices: Tensor) -> Batch {
    let places = indices.int64s().map(Int.init)
    return Batch(
      images: storage.at(places).values(in: valueRange),
      annotations: annotations.at(indices).withExpandedMasks, places: places)
  }

  /// The images of a range. They share memory with these.
  /// - Precondition: `range` lies in `0..<count`.
  public func subset(_ range: Range<Int>) -> LabelledImages {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= count, "\(range) is not within 0..<\(count)")
    var images = LabelledImages(of: self, storage: storage[range], annotations: annotations[range])
    images.places = places.map { Array($0[range]) }
    return images
  }

  /// The first `length` images, or all if there are fewer. They share memory with these.
  public func prefix(_ length: Int) -> LabelledImages {
    subset(0..<min(length, count))
  }

  /// The images with the given indices, in that order.
  /// - Precondition: each index lies in `0..<count`.
  public func choosing(_ places: [Int]) -> LabelledImages {
    let indices = Tensor(places.map(Int64.init), shape: [places.count])
    return LabelledImages(
      of: self, storage: storage.at(places), annotations: annotations.at(indices))
  }
}
