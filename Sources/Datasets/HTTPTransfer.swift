import Dispatch
import Foundation
import Support

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// One HTTP request that appends its body to a file while it arrives. If the file holds bytes
/// already, only the rest is requested.
///
/// Sendable although unchecked: while `run` waits, only the session's delegate queue, which makes
/// one call at a time, changes the state. `run` reads it after the last call.
final class HTTPTransfer: NSObject, URLSessionDataDelegate, @unchecked Sendable {
  /// The seconds without a byte after which the request fails.
  private static let patience: TimeInterval = 30

  private let file: PartialFile
  private let size: Int
  private let progress: Download.Progress
  private let ended = DispatchSemaphore(value: 0)
  /// The failure for which this object cancelled the request; nil if it did not.
  private var refusal: Failure?
  /// The error with which the session ended the request, in words; nil if it succeeded.
  private var reason: String?

  /// - Parameter size: the size of the whole file in bytes. A body that would make the file longer
  ///   is refused, and so is one of unknown length.
  init(into file: PartialFile, size: Int, progress: @escaping Download.Progress) {
    self.file = file
    self.size = size
    self.progress = progress
  }

  /// Requests the rest of the file and waits until it has arrived.
  /// - Throws: a `Failure` that begins with the address if there is no connection, if the status is
  ///   neither 200 nor 206, or if the body is too long or of unknown length; `Failure.cannotWrite`
  ///   if the file cannot be written.
  func run(_ address: URL) throws {
    var request = URLRequest(
      url: address, cachePolicy: .reloadIgnoringLocalCacheData, timeoutInterval: Self.patience)
    // The files are compressed already. If the server compressed them once more, the session would
    // silently decompress them, and offsets would no longer match.
    request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
    if file.length > 0 { request.setValue("bytes=\(file.length)-", forHTTPHeaderField: "Range") }
    let session = URLSession(configuration: .ephemeral, delegate: self, delegateQueue: nil)
    session.dataTask(with: request).resume()
    ended.wait()
    session.finishTasksAndInvalidate()
    if let refusal {
      guard refusal.kind != .cannotWrite else { throw refusal }
      throw Failure(refusal.kind, "\(address.absoluteString): \(refusal.message)")
    }
    if let reason { throw Failure(.failed, "\(address.absoluteString): \(reason)") }
  }

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
  ) {
    do {
      try begin(response)
      completionHandler(.allow)
    } catch {
      refusal = error as? Failure
      // Foundation on Linux ignores `.cancel`, so the task is cancelled explicitly.
      dataTask.cancel()
      completionHandler(.cancel)
    }
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    guard refusal == nil else { return }
    do {
      try file.append(data)
      progress(file.length, size)
    } catch {
      refusal = error as? Failure
      dataTask.cancel()
    }
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
  ) {
    reason = error.map { $0.localizedDescription }
    ended.signal()
  }

  /// Checks the response before its body is received.
  ///
  /// Foundation on Linux cannot pause a transfer: bytes that arrive faster than they are written
  /// wait in memory. A body is therefore received only if its length is known and not too large.
  private func begin(_ response: URLResponse) throws {
    guard let response = response as? HTTPURLResponse else {
      throw Failure(.failed, "expected an HTTP response, found one of another protocol")
    }
    let start: Int
    switch response.statusCode {
    case 200: start = 0
    case 206:
      // A part that begins at another byte would leave a gap.
      let range = response.value(forHTTPHeaderField: "Content-Range") ?? "no range"
      guard range.hasPrefix("bytes \(file.length)-") else {
        throw Failure(.failed, "expected bytes from \(file.length) on, found \(range)")
      }
      start = file.length
    default: throw Failure(.failed, "the server answered with status \(response.statusCode)")
    }
    let encoding = response.value(forHTTPHeaderField: "Content-Encoding") ?? "identity"
    guard encoding == "identity" else {
      throw Failure(.failed, "expected the file without an encoding, found it as \(encoding)")
    }
    let length = response.expectedContentLength
    guard (0...Int64(size - start)).contains(length) else {
      let found = length < 0 ? "an unknown number" : "\(length)"
      throw Failure.badData("expected at most \(size - start) bytes, the server offers \(found)")
    }
    if start == 0 { try file.restart() }
  }
}
