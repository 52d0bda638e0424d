import Foundation

extension Console {
  /// Whether the locale is C or POSIX, whose characters are those of ASCII. `LC_ALL`, `LC_CTYPE` and
  /// `LANG` name the locale, the first of them that is set. If none is, it counts as one with UTF-8.
  static let isPlain: Bool = {
    let environment = ProcessInfo.processInfo.environment
    let names = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap { environment[$0] }
    return ["C", "POSIX"].contains(names.first { !$0.isEmpty } ?? "")
  }()

  /// A text with the symbols of this package in ASCII. Other characters, such as those of a file's
  /// name, stay as they are.
  static func plain(_ text: String) -> String {
    var plain = ""
    for scalar in text.unicodeScalars {
      plain += spellings[scalar] ?? String(scalar)
    }
    return plain
  }

  private static let spellings: [Unicode.Scalar: String] = [
    "⚑": "!", "✓": "+", "•": "*", "…": "...", "━": "#", "╌": ".", "–": "-", "−": "-", "→": "->",
    "×": "x", "·": "*", "≤": "<=", "≥": ">=", "±": "+-", "∞": "inf", "ℓ": "L", "‖": "||",
    "“": "\"", "”": "\"", "’": "'", "²": "^2", "½": "1/2", "√": "sqrt ", "∇": "grad ",
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "η": "eta",
    "θ": "theta", "κ": "kappa", "λ": "lambda", "μ": "mu", "ρ": "rho", "σ": "sigma", "τ": "tau",
    "à": "a", "è": "e", "₀": "_0",
  ]
}
