import ModelCore
import Support
import Testing

@Suite("Devices by name")
struct DeviceTests {
  @Test("the processor is always there, and auto is always something")
  func available() throws {
    #expect(try Device(named: "cpu") == .cpu)
    #expect(Device.cpu.description == "cpu")
    #expect(Device.cuda(1).description == "cuda:1")
    _ = try Device(named: "auto")
  }

  @Test(
    "other names are refused",
    arguments: ["gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1:2", "", "CPU", "cudax:1"])
  func unknown(_ name: String) {
    let failure = #expect(throws: Failure.self) { try Device(named: name) }
    #expect(failure?.kind == .usage)
    #expect(failure?.message == "unknown device '\(name)'")
    #expect(failure?.hint?.contains("known: auto, cpu, cuda") == true)
  }
}
