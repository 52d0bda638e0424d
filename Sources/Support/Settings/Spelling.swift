// The spelling of the names of attacks, defenses, certificates and explanations, and of the words
// that settings take: small letters, with hyphens between the parts, such as `label-smoothing`.
// Earlier versions wrote some of them in camel case, and these are read still.

extension String {
  /// A name or a word in its spelling of today: `labelSmoothing` and `label-smoothing` are both
  /// `label-smoothing`, and `groupDRO` is `group-dro`.
  package var hyphenated: String {
    var word = ""
    var previous: Character = " "
    for letter in self {
      if letter.isUppercase, previous.isLowercase { word += "-" }
      word += letter.lowercased()
      previous = letter
    }
    return word
  }

  /// A text in which every word of another spelling than today's is as earlier versions wrote it.
  ///
  /// Digests of requests are made of such texts. So a result that an earlier version has stored is
  /// still that of the same request, and is not computed again.
  package var inFormerSpelling: String {
    var (text, word) = ("", "")
    for letter in self + "\n" {
      if letter.isLetter || letter.isNumber || "-_./".contains(letter) {
        word.append(letter)
      } else {
        text += (formerSpellings[word] ?? word) + String(letter)
        word = ""
      }
    }
    return String(text.dropLast())
  }
}

/// The words that earlier versions wrote in camel case, by their spelling of today. New words need
/// no entry.
private let formerSpellings = Dictionary(
  uniqueKeysWithValues: [
    "adversarialTraining", "fastAdversarialTraining", "ensembleAdversarialTraining",
    "gradientRegularization", "curvatureRegularization", "gradReg", "avgEx", "pgdEx", "ibpEx",
    "crownIbp", "groupDRO", "classWeights", "labelSmoothing", "gaussianNoise",
    "distillationTeacher", "doubleBackpropagation", "certaintyInsensitivity", "finiteDifference",
    "firstTwo", "logOdds", "sumOfLogProbabilities", "predictedLogProbability",
    "predictedProbability", "predictedLogit", "trueLogProbability", "trueProbability", "trueLogit",
    "patchMean", "xavierUniform", "xavierNormal", "kaimingUniform", "kaimingNormal", "torchDefault",
    "truncatedNormal",
  ].map { ($0.hyphenated, $0) })
