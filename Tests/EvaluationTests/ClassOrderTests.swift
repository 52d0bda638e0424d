import ModelCore
import Support
import Testing

@testable import Evaluation

@Suite("A model's classes in another order than the data's")
struct ClassOrderTests {
  /// `each` images of each class, one class after the other.
  private func labels(_ classes: Int, each: Int) -> [Int] {
    (0..<classes).flatMap { [Int](repeating: $0, count: each) }
  }

  @Test("The cheapest assignment is that of a search through all assignments")
  func assignment() {
    let random = RandomSource(Seed(1))
    for (rows, columns) in [(1, 1), (2, 2), (3, 5), (5, 5), (6, 6)] {
      for _ in 0..<20 {
        let numbers = random.integers(below: 9, [rows, columns]).int64s().map { Int($0) - 4 }
        let cost = (0..<rows).map { row in Array(numbers[row * columns..<(row + 1) * columns]) }
        func cheapest(from row: Int, _ free: Set<Int>) -> Int {
          guard row < rows else { return 0 }
          return free.map { cost[row][$0] + cheapest(from: row + 1, free.subtracting([$0])) }.min()!
        }
        let found = cheapestAssignment(cost)
        #expect(Set(found).count == rows)
        #expect(
          zip(cost, found).map { $0[$1] }.reduce(0, +) == cheapest(from: 0, Set(0..<columns)))
      }
    }
  }

  @Test("Two classes that are interchanged are named")
  func interchanged() throws {
    let labels = labels(3, each: 20)
    let order = try #require(
      ClassOrder(
        predicted: labels.map { [1, 0, 2][$0] }, labels: labels, classNames: ["cat", "dog", "cow"]))
    #expect(order.isFound && order.text == "cat → dog, dog → cat")
    #expect((order.judged, order.right, order.rightReordered) == (30, 10, 30))
    #expect(!order.sortsNumbersAsText)
  }

  @Test("Numbers that are sorted as text are recognised, whichever side sorts them so")
  func numbersAsText() throws {
    let numbers = (0..<12).map(String.init)
    let text = numbers.sorted()
    let labels = labels(12, each: 8)
    for (data, model) in [(text, numbers), (numbers, text)] {
      // The model knows the true class, and answers with the place that it has in its own order.
      let predicted = labels.map { model.firstIndex(of: data[$0])! }
      let order = try #require(
        ClassOrder(predicted: predicted, labels: labels, classNames: data))
      #expect(order.isFound && order.sortsNumbersAsText && order.rightReordered == 48)
    }
  }

  @Test("Weak models, constant ones and those with errors in one direction have no other order")
  func notFound() {
    let labels = labels(10, each: 25)
    let names = (0..<10).map(String.init)
    let random = RandomSource(Seed(2)).integers(below: 10, [250]).int64s().map { Int($0) }
    let cases: [[Int]] = [
      labels, random, labels.map { _ in 3 }, labels.map { $0 % 2 },
      // One class is taken for another one more often than not.
      labels.enumerated().map { $1 == 4 && $0 % 3 > 0 ? 9 : $1 },
      labels.map { _ in -1 },
    ]
    for predicted in cases {
      let order = ClassOrder(predicted: predicted, labels: labels, classNames: names)
      #expect(order?.isFound != true, "\(predicted)")
    }
  }

  @Test("Too few images of a class tell nothing")
  func tooFew() {
    let labels = labels(10, each: 3)
    let predicted = labels.map { ($0 + 1) % 10 }
    #expect(
      ClassOrder(predicted: predicted, labels: labels, classNames: (0..<10).map(String.init)) == nil
    )
  }
}
