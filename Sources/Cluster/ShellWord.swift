extension String {
  /// The text as one word of a shell. Between single quotes no character has a meaning but the
  /// single quote itself, which is written as `'\''`.
  package var shellWord: String {
    let plain =
      !isEmpty
      && unicodeScalars.allSatisfy {
        $0.isASCII
          && ($0.properties.isAlphabetic || "0123456789%+,-./:=@_".unicodeScalars.contains($0))
      }
    return plain ? self : "'" + replacing("'", with: "'\\''") + "'"
  }
}
