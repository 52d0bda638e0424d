/// The fingerprint of some images after it was computed for the first time. Copies of the images
/// share it.
final class FingerprintMemo: Sendable {
  private let known = Guarded<String?>(nil)

  /// The fingerprint, which is computed unless it is known.
  func value(_ compute: () -> String) -> String {
    known.access { known in
      let value = known ?? compute()
      known = value
      return value
    }
  }

  /// Sets a fingerprint that is known from elsewhere.
  func set(_ value: String) { known.access { $0 = value } }
}
