import CTorch
import Foundation
import Support

/// A TorchScript program: what `torch.jit.trace` or `torch.jit.script` made of a model, saved with
/// its weights.
///
/// It runs in evaluation behaviour and on any device, and gradients go through it as through any
/// other computation. The file is a program: reading or running it executes what it contains. See
/// docs/security.md.
package final class ScriptProgram: @unchecked Sendable {
  private let script: OpaquePointer
  /// The text of the archive's member that was asked for; empty if the archive has none of that
  /// name.
  package let notes: String
  /// How many numbers its parameters have.
  package let weights: Int

  /// Reads a program, and beside it one member of its archive.
  /// - Parameter member: the member's name, as in `save(…, _extra_files={name: text})`.
  /// - Throws: `Failure.badData` with the reason that libtorch gives, if it cannot read the file.
  package init(_ url: URL, notes member: String, device: Device) throws {
    guard let script = ct_script_load(url.path, member, device.index) else {
      throw Failure.badData(
        "libtorch \(Engine.version) cannot read it as TorchScript: \(Engine.briefError)",
        hint: "the file may be truncated, or made by a newer PyTorch: save it again with "
          + "torch.jit.trace(model, images).save(…)")
    }
    self.script = script
    weights = Int(ct_script_weights(script))
    notes = String(cString: ct_script_notes(script))
  }

  deinit { ct_script_free(script) }

  /// images → the program's output, differentiable.
  /// - Parameter output: which output is meant, by its name or place, if the program gives several.
  /// - Throws: `Failure.badData` with the reason that libtorch gives, if the program fails.
  package func run(_ images: Tensor, output: String? = nil) throws -> Tensor {
    try withExtendedLifetime(images) {
      try Tensor(checking: ct_script_run(script, images.reference, output))
    }
  }
}
