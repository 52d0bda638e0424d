import ModelCore

extension InputShape {
  /// The shape of an image or of a row of a table, if a program states its sizes; nil otherwise.
  ///
  /// An input of two dimensions is a table, unless the layout is `flat`. The program then takes
  /// images, and only the data state their shape.
  /// - Parameter batch: the sizes of a batch; nil where the program leaves a size free.
  init?(ofBatch batch: [Int?], layout: ModelNotes.Layout) {
    guard batch.count > 1 else { return nil }
    let sizes = batch.dropFirst().compactMap { size in
      size.flatMap { (1...65_536).contains($0) ? $0 : nil }
    }
    guard sizes.count == batch.count - 1 else { return nil }
    switch (layout, sizes.count) {
    case (.nchw, 3): self.init(channels: sizes[0], height: sizes[1], width: sizes[2])
    case (.nhwc, 3): self.init(channels: sizes[2], height: sizes[0], width: sizes[1])
    case (.nchw, 1): self.init(features: sizes[0])
    default: return nil
    }
  }
}
