import Dispatch
import Foundation
import Support

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// One HTTP request whose body goes to a file as it arrives, from where the file ends if the server
/// can.
///
/// `run` waits for the session's delegate queue, which runs one call at a time; only those calls
/// touch the state until `run` is told that the last has ended.
final class HTTPTransfer: NSObject, URLSessionDataDelegate, @unchecked Sendable {
  /// Seconds without a byte after which an address is given up.
  private static let patience: TimeInterval = 30

  private let file: PartialFile
  private let size: Int
  private let progress: Download.Progress
  private let ended = DispatchSemaphore(value: 0)
  /// Why the request was cancelled from here, which the session does not know.
  private var refusal: Failure?
  private var reason: String?

  /// - Parameter size: a body that would make the file longer, or does not say how long it is, is
  ///   refused.
  init(into file: PartialFile, size: Int, progress: @escaping Download.Progress) {
    self.file = file
    self.size = size
    self.progress = progress
  }

  /// Requests the rest of the file and waits for the end of it.
  /// - Throws: a `Failure` that begins with the address: no connection, another status than 200 or
  ///   206, a body that is too long or of unknown length; `Failure.cannotWrite` if the file cannot
  ///   take the bytes.
  func run(_ address: URL) throws {
    var request = URLRequest(
      url: address, cachePolicy: .reloadIgnoringLocalCacheData, timeoutInterval: Self.patience)
    // The files are gzipped; what a server zips again would be unzipped on the way.
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
      // Foundation on Linux does not heed the answer, so the task is cancelled too.
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

  /// Judges the answer before any of its body is taken.
  ///
  /// Foundation on Linux cannot pause a transfer: what arrives faster than it is written waits in
  /// memory. So nothing is begun whose length is not known to fit.
  private func begin(_ response: URLResponse) throws {
    guard let response = response as? HTTPURLResponse else {
      throw Failure(.failed, "no HTTP response")
    }
    let start: Int
    switch response.statusCode {
    case 200: start = 0
    case 206:
      // A part that begins elsewhere would leave a gap.
      let range = response.value(forHTTPHeaderField: "Content-Range") ?? "no range"
      guard range.hasPrefix("bytes \(file.length)-") else {
        throw Failure(.failed, "asked for bytes from \(file.length) on, got \(range)")
      }
      start = file.length
    default: throw Failure(.failed, "the server answered with status \(response.statusCode)")
    }
    let encoding = response.value(forHTTPHeaderField: "Content-Encoding") ?? "identity"
    guard encoding == "identity" else {
      throw Failure(.failed, "asked for the file as it is, got it encoded as \(encoding)")
    }
    let length = response.expectedContentLength
    guard (0...Int64(size - start)).contains(length) else {
      let found = length < 0 ? "an unknown number" : "\(length)"
      throw Failure.badData("expected \(size - start) bytes, the server offers \(found)")
    }
    if start == 0 { try file.restart() }
  }
}
