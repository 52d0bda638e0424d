import ModelCore

extension LabelledImages {
  /// The examples of a range, with values in `valueRange`.
  ///
  /// If the pictures stay in their files, the next range of the same length is decoded in the
  /// background.
  /// - Precondition: `range` lies in `0..<count`.
  public func batch(_ range: Range<Int>) -> Batch {
    let images: Tensor
    switch storage {
    case .memory(let pixels): images = values(pixels.narrow(0, range.lowerBound, range.count))
    case .stream(let stream, let places):
      let following = range.upperBound..<min(places.count, range.upperBound + range.count)
      images = stream.images(
        at: Array(places[range]), as: .float32, next: Array(places[following]))
    }
    return Batch(
      images: images, annotations: annotations[range].withExpandedMasks, places: Array(range))
  }

  /// The examples with the given indices, in that order.
  /// - Parameter indices: int64 `[n]`, each in `0..<count`.
  public func batch(at indices: Tensor) -> Batch {
    let places = indices.int64s().map(Int.init)
    let images =
      switch storage {
      case .memory(let pixels): values(pixels.indexSelect(0, indices))
      case .stream(let stream, let all): stream.images(at: places.map { all[$0] }, as: .float32)
      }
    return Batch(
      images: images, annotations: annotations.at(indices).withExpandedMasks, places: places)
  }

  /// The images of a range. They share memory with these.
  /// - Precondition: `range` lies in `0..<count`.
  public func subset(_ range: Range<Int>) -> LabelledImages {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= count, "\(range) is not within 0..<\(count)")
    let part: Storage =
      switch storage {
      case .memory(let pixels): .memory(pixels.narrow(0, range.lowerBound, range.count))
      case .stream(let stream, let places): .stream(stream, Array(places[range]))
      }
    var images = LabelledImages(of: self, storage: part, annotations: annotations[range])
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
    let part: Storage =
      switch storage {
      case .memory(let pixels): .memory(pixels.indexSelect(0, indices))
      case .stream(let stream, let all): .stream(stream, places.map { all[$0] })
      }
    return LabelledImages(of: self, storage: part, annotations: annotations.at(indices))
  }

  /// Stored pixels as values: bytes become shares of the value range, 0 its lower bound and 255
  /// its upper bound.
  private func values(_ pixels: Tensor) -> Tensor {
    guard pixels.type != .float32 else { return pixels }
    let fractions = pixels.to(.float32) / 255
    guard valueRange != 0...1 else { return fractions }
    // A weighted sum of both bounds gives either exactly; rounding in between is clamped.
    return ((1 - fractions) * valueRange.lowerBound + fractions * valueRange.upperBound)
      .clamped(to: valueRange)
  }
}
