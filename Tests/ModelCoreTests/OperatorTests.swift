import ModelCore
import Support
import TestSupport
import Testing

@Suite("An operator of libtorch, called by its name, computes what the tensor's own operation does")
struct OperatorTests {
  private let a = Tensor((0..<6).map { Float($0) - 2 }, shape: [2, 3])
  private let b = Tensor((0..<6).map { Float($0) * 0.5 }, shape: [3, 2])

  @Test("a text and a list of tensors as arguments") func callWithTextAndTensors() throws {
    let product = try Operator("aten::einsum")([.text("ij,jk->ik"), .tensors([a, b])]).tensor
    #expect(product.floats() == a.matmul(b).floats())
  }

  @Test("arguments that are left out have the defaults of the operator")
  func missingArgumentsHaveTheirDefaults() throws {
    let mean = try Operator("aten::mean", "dim")([.tensor(a), .ints([1])]).tensor
    #expect(mean.floats() == [-1, 2])
    let kept = try Operator("aten::mean", "dim")([.tensor(a), .ints([1]), .bool(true)]).tensor
    #expect(kept.shape == [2, 1])
  }

  @Test("gradients go through a call") func gradientsGoThroughACall() throws {
    let gelu = try Operator("aten::gelu")
    let (x, y) = (a.tracked, a.tracked)
    let gradient = try gelu([.tensor(x)]).tensor.sum().gradient(of: x)
    let expected = y.gelu.sum().gradient(of: y)
    #expect(gradient.floats() == expected.floats())
  }

  @Test("a number in the place of a tensor does not change the type of the result")
  func numberInPlaceOfATensorKeepsTheTypeOfTheOther() throws {
    let sum = try Operator("aten::add", "Tensor")([.tensor(a), .double(1)]).tensor
    #expect(sum.type == .float32)
    #expect(sum.floats() == a.floats().map { $0 + 1 })
  }

  @Test("several results, and lists of tensors") func listsOfResults() throws {
    let parts = try Operator("aten::split_with_sizes")([.tensor(a), .ints([1, 2]), .int(1)]).tensors
    #expect(parts.map(\.shape) == [[2, 1], [2, 2]])
    let top = try Operator("aten::topk")([.tensor(a), .int(1)])
    #expect(top.count == 2)
    guard case .tensor(let places) = try top[1] else { return #expect(Bool(false), "no tensor") }
    #expect(places.int64s() == [2, 2])
  }

  @Test("an operator that writes into an argument says so")
  func operatorsThatWriteIntoAnArgumentSaySo() throws {
    #expect(try Operator("aten::relu_").writes(toArgument: 0))
    #expect(try !Operator("aten::relu").writes(toArgument: 0))
  }

  @Test("unknown operators and arguments that do not fit are refused") func refusals() throws {
    #expect(throws: Failure.self) { try Operator("aten::no_such_operator") }
    let mean = try Operator("aten::mean", "dim")
    #expect(throws: Failure.self) { try mean([.text("not a tensor"), .ints([0])]) }
    #expect(throws: Failure.self) { try mean([.tensor(a), .ints([7])]) }
    #expect(throws: Failure.self) { try mean([.tensor(a)]) }
    #expect(throws: Failure.self) {
      try mean([Operator.Value](repeating: .tensor(a), count: 9))
    }
  }

  @Test("a limit of memory refuses large tensors, and only where it holds")
  func memoryLimitRefusesLargeTensorsOnlyInsideOfIt() throws {
    let zeros = try Operator("aten::zeros")
    try withMemoryLimit(64 << 20) {
      #expect(throws: Failure.self) { try zeros([.ints([1 << 28])]) }
      // What is freed can be taken again.
      for _ in 0..<16 {
        let tensor = try zeros([.ints([1 << 22])]).tensor
        #expect(tensor.count == 1 << 22)
      }
    }
    #expect(try zeros([.ints([1 << 26])]).tensor.count == 1 << 26)
  }
}
