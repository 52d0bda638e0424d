import Testing

@testable import Reports

@Suite struct MarkupTests {
  @Test func textAndAttributesAreEscaped() {
    let text = Markup("b", ["title": Sample.hostile], Sample.hostile).rendered
    let safe = "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;,|\u{FFFD}"
    #expect(text == "<b title=\"\(safe)\">\(safe)</b>")
  }

  @Test func anAttributeWithoutAValueIsLeftOut() {
    let absent: String? = nil
    #expect(
      Markup("td", ["class": absent, "colspan": 2], "x").rendered == "<td colspan=\"2\">x</td>")
  }

  @Test(arguments: [
    (0.0, "0"), (12.0, "12"), (0.5, "0.5"), (-3.25, "-3.25"), (1.005, "1"), (-0.001, "0"),
    (7.07, "7.07"),
    (1.0 / 3, "0.33"),
  ])
  func coordinatesAreRoundedToHundredths(_ value: Double, _ text: String) {
    #expect(hundredths(value) == text)
  }

  @Test(arguments: [
    (0.0703, "7.0"), (1.0, "100.0"), (0.0, "0.0"), (0.99949, "99.9"), (0.9996, "100.0"),
  ])
  func percentagesHaveOneDecimal(_ fraction: Double, _ text: String) {
    #expect(percent(fraction) == text)
  }

  @Test(arguments: [
    (0.0, "0"), (0.3, "0.3"), (8.0 / 255, "0.0314"), (0.0001234567, "0.000123"), (8.0, "8"),
    (2.345678, "2.35"),
    (12345.678, "12346"),
  ])
  func budgetsAreShort(_ budget: Double, _ text: String) {
    #expect(budgetText(budget) == text)
  }
}
