import Foundation

/// The share of the standard normal distribution below a value: Φ(z) = (1 + erf(z/√2)) / 2.
func normalShare(_ z: Double) -> Double { erfc(-z / 2.0.squareRoot()) / 2 }

/// The value below which a share of the standard normal distribution lies, Φ⁻¹(share), to a relative
/// error of 1e-9. Shares of 0 and 1 give ±8.2.
///
/// P. Acklam's rational approximation (2003), followed by one step of Halley's method.
func normalQuantile(_ share: Double) -> Double {
  let p = min(max(share, 1e-16), 1 - 1e-16)
  let z = approximateQuantile(p)
  // Halley's step for Φ(z) = p.
  let error = (normalShare(z) - p) * (2 * Double.pi).squareRoot() * exp(z * z / 2)
  return z - error / (1 + z * error / 2)
}

private func approximateQuantile(_ p: Double) -> Double {
  func tail(_ share: Double) -> Double {
    let q = (-2 * log(share)).squareRoot()
    return Acklam.c(q) / Acklam.d(q)
  }
  if p < 0.02425 { return tail(p) }
  if p > 1 - 0.02425 { return -tail(1 - p) }
  let q = p - 0.5
  return q * Acklam.a(q * q) / Acklam.b(q * q)
}

/// The polynomials of the approximation, from the highest power on.
private enum Acklam {
  static func a(_ x: Double) -> Double {
    let high = (-3.969683028665376e+01 * x + 2.209460984245205e+02) * x - 2.759285104469687e+02
    return ((high * x + 1.383577518672690e+02) * x - 3.066479806614716e+01) * x
      + 2.506628277459239e+00
  }

  static func b(_ x: Double) -> Double {
    let high = (-5.447609879822406e+01 * x + 1.615858368580409e+02) * x - 1.556989798598866e+02
    return ((high * x + 6.680131188771972e+01) * x - 1.328068155288572e+01) * x + 1
  }

  static func c(_ x: Double) -> Double {
    let high = (-7.784894002430293e-03 * x - 3.223964580411365e-01) * x - 2.400758277161838e+00
    return ((high * x - 2.549732539343734e+00) * x + 4.374664141464968e+00) * x
      + 2.938163982698783e+00
  }

  static func d(_ x: Double) -> Double {
    let high = (7.784695709041462e-03 * x + 3.224671290700398e-01) * x + 2.445134137142996e+00
    return (high * x + 3.754408661907416e+00) * x + 1
  }
}
