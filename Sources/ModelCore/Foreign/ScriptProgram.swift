import CTorch
import Foundation
import Support

/// A TorchScript program: what `torch.jit.trace` or `torch.jit.script` made of a model, saved with
/// its weights.
///
/// It runs in evaluation behaviour, on any device, and gradients go through it as through any other
/// computation. It is a program: reading and running it does what it says. See docs/security.md.
final class ScriptProgram: ForeignProgram, @unchecked Sendable {
  private let script: OpaquePointer
  /// What `crossfire.json` in its archive says.
  let notes: ModelNotes
  /// How many numbers its parameters have.
  let weights: Int

  /// - Throws: `Failure.badData` with what libtorch said if it cannot read the file.
  init(_ url: URL, device: Device) throws {
    guard let script = ct_script_load(url.path, ModelNotes.name, device.index) else {
      throw Failure.badData(
        "libtorch \(Engine.version) cannot read it as TorchScript: \(Engine.briefError)",
        hint:
          "is it truncated, or made by a newer PyTorch? save it again with torch.jit.trace(model, images).save(…)"
      )
    }
    self.script = script
    weights = Int(ct_script_weights(script))
    notes = try ModelNotes(json: String(cString: ct_script_notes(script)))
  }

  deinit { ct_script_free(script) }

  func run(_ images: Tensor) throws -> Tensor {
    try Tensor(checking: ct_script_run(script, images.reference))
  }
}
