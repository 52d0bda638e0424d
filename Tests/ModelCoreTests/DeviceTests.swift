import ModelCore
import Support
import Testing

@Suite("Devices are found by name")
struct DeviceTests {
  @Test("the names cpu and auto are always accepted")
  func available() throws {
    #expect(try Device(named: "cpu") == .cpu)
    #expect(Device.cpu.description == "cpu")
    #expect(Device.cuda(1).description == "cuda:1")
    _ = try Device(named: "auto")
  }

  @Test(
    "unknown names are refused with the known ones",
    arguments: ["gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1:2", "", "CPU", "cudax:1"])
  func unknown(_ name: String) {
    let failure = #expect(throws: Failure.self) { try Device(named: name) }
    #expect(failure?.kind == .usage)
    #expect(failure?.message == "unknown device '\(name)'")
    #expect(failure?.hint?.contains("known: auto, cpu, cuda") == true)
  }
}
