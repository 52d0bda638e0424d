import Support

/// Labelled images that are opened when they are used for the first time, and what is known about
/// them before.
public struct LazyImages: Sendable {
  /// What is known without opening the images.
  public let facts: DataFacts
  private let open: @Sendable () throws -> LabelledImages
  private let opened: Guarded<LabelledImages?>

  /// Images that are open already.
  public init(_ images: LabelledImages) {
    facts = DataFacts(images)
    opened = Guarded(images)
    open = { images }
  }

  /// - Parameter open: opens the images that the facts are about.
  public init(_ facts: DataFacts, open: @escaping @Sendable () throws -> LabelledImages) {
    self.facts = facts
    self.open = open
    opened = Guarded(nil)
  }

  /// Whether the images have been opened.
  public var areOpen: Bool { opened.access { $0 != nil } }

  /// The images, which are opened if they are not open yet.
  /// - Throws: what opening them throws.
  public func images() throws -> LabelledImages {
    try opened.access { opened in
      let images = try opened ?? open()
      opened = images
      return images
    }
  }
}
