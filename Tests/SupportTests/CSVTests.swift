import Testing

@testable import Support

@Suite("Comma-separated values")
struct CSVTests {
  @Test(
    "numbers are written as short as possible and without an exponent",
    arguments: [
      (0.0, "0"), (0.1, "0.1"), (0.001, "0.001"), (8.0, "8"), (8.0 / 255, "0.03137254901960784"),
      (1e-05, "0.00001"),
      (1.5e-07, "0.00000015"), (-2.5e-06, "-0.0000025"), (1e+16, "10000000000000000"),
      (1.25e+17, "125000000000000000"),
      (0.30000000000000004, "0.30000000000000004"),
    ])
  func numbers(_ number: Double, _ text: String) {
    #expect(number.plainDecimal == text)
    #expect(Double(text) == number)
  }

  @Test(
    "fields have quotes only where they need them",
    arguments: [
      ("plain", "plain"), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""),
      ("a\r\nb", "\"a\r\nb\""),
      ("a\nb", "\"a\nb\""),
    ])
  func fields(_ field: String, _ text: String) {
    #expect(CSV.field(field) == text)
  }
}
