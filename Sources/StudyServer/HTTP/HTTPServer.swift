import FlyingSocks
import Foundation
import Support

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A small HTTP/1.1 server on the sockets of FlyingSocks. Every resource that a caller can use up
/// has a limit.
final class HTTPServer: Sendable {
  struct Limits: Sendable {
    var request = RequestParser.Limits()
    /// The largest number of open connections.
    var connections = 1_024
    /// The time in which a whole request must arrive.
    var requestTime = Duration.seconds(10)
    /// The time in which the next request must begin on a connection that stays open.
    var idleTime = Duration.seconds(75)
    /// The time in which the caller must receive an answer.
    var answerTime = Duration.seconds(20)
  }

  typealias Handler = @Sendable (_ request: HTTPRequest, _ peer: String) async -> HTTPResponse

  /// The port that the server listens at.
  let port: Int
  private let socket: Socket
  private let limits: Limits
  private let connections: ConnectionTable
  private let handler: Handler

  /// Starts to listen at an address. `run` answers requests.
  /// - Parameters:
  ///   - host: an IPv4 or IPv6 address, or `localhost`.
  ///   - port: the port; 0 for any free one.
  /// - Throws: `Failure.usage` if the host is not an address, `Failure` with the system's reason if
  ///   the address or port cannot be used.
  init(host: String, port: Int, limits: Limits = Limits(), handler: @escaping Handler) throws {
    guard let number = UInt16(exactly: port) else {
      throw Failure.usage("--port \(port): expected a number from 0 to 65535")
    }
    do {
      if host.contains(":") {
        socket = try Self.listening(sockaddr_in6.inet6(ip6: host, port: number))
      } else {
        socket = try Self.listening(
          sockaddr_in.inet(ip4: host == "localhost" ? "127.0.0.1" : host, port: number))
      }
    } catch let SocketError.failed(type, _, message) where type == "Bind" || type == "Listen" {
      throw Failure(
        .failed, "cannot listen at \(host), port \(port): \(message.lowercased())",
        hint: "choose another --port or --host")
    } catch {
      throw Failure.usage(
        "--host \(host): expected an IPv4 or IPv6 address or 'localhost'",
        hint: "127.0.0.1 is this machine only, 0.0.0.0 is every network")
    }
    self.port = try Self.port(of: socket)
    self.limits = limits
    self.handler = handler
    connections = ConnectionTable(capacity: min(limits.connections, Self.spareDescriptors()))
  }

  /// Answers requests until the task is cancelled.
  func run() async throws {
    let pool = SocketPool.make()
    try await pool.prepare()
    let listener = try AsyncSocket(socket: socket, pool: pool)
    defer { try? socket.close() }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await pool.run() }
      group.addTask { try await self.accept(listener, pool) }
      group.addTask { try await self.sweep() }
      defer { connections.endAll() }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private func accept(_ listener: AsyncSocket, _ pool: some AsyncSocketPool) async throws {
    await withDiscardingTaskGroup { group in
      while !Task.isCancelled {
        do {
          let socket = try await listener.accept()
          group.addTask { await self.serve(socket) }
        } catch {
          // The caller has gone already, or no file descriptor is left. The server goes on.
          try? await Task.sleep(for: .milliseconds(20))
        }
      }
    }
  }

  private func sweep() async throws {
    while true {
      try await Task.sleep(for: .milliseconds(500))
      connections.sweep()
    }
  }

  private func serve(_ socket: AsyncSocket) async {
    guard let connection = connections.open(socket.socket, for: limits.requestTime) else {
      return (try? socket.close()) ?? ()
    }
    defer { connections.close(connection) }
    let peer = Self.peer(of: socket.socket)
    var parser = RequestParser(limits.request)
    do {
      while true {
        guard let request = try parser.next() else {
          let wasInRequest = parser.isInRequest
          parser.append(try await socket.read(atMost: 4_096))
          if !wasInRequest {
            connections.expect(connection, idle: false, within: limits.requestTime)
          }
          continue
        }
        connections.expect(connection, idle: false, within: limits.answerTime + limits.requestTime)
        let response = await handler(request, peer)
        let bytes = response.bytes(
          keepsAlive: request.keepsAlive, onlyHead: request.method == .head)
        connections.expect(connection, idle: false, within: limits.answerTime)
        try await socket.write(Data(bytes))
        guard request.keepsAlive else { break }
        let isBusy = parser.isInRequest
        connections.expect(
          connection, idle: !isBusy, within: isBusy ? limits.requestTime : limits.idleTime)
      }
    } catch let refusal as HTTPRefusal {
      await refuse(refusal, on: socket, connection)
    } catch {
      // The caller has gone or took too long. There is nobody to answer.
    }
  }

  /// Sends the reason, and then reads for a moment what the caller still sends. If a connection is
  /// closed with unread bytes, the system resets it and the caller may never see the answer.
  private func refuse(_ refusal: HTTPRefusal, on socket: AsyncSocket, _ connection: Int) async {
    connections.expect(connection, idle: false, within: .seconds(1))
    do {
      try await socket.write(Data(HTTPResponse(refusal).bytes(keepsAlive: false, onlyHead: false)))
      shutdown(socket.socket.file.rawValue, Int32(SHUT_WR))
      for _ in 0..<64 { _ = try await socket.read(atMost: 4_096) }
    } catch {
      // The request is refused, whether or not the caller has read the reason.
    }
  }

  private static func listening(_ address: some SocketAddress) throws -> Socket {
    let socket = try Socket(domain: Int32(address.family))
    do {
      try socket.setValue(true, for: .localAddressReuse)
      try socket.bind(to: address)
      try socket.listen()
    } catch {
      try? socket.close()
      throw error
    }
    return socket
  }

  private static func port(of socket: Socket) throws -> Int {
    switch try socket.sockname() {
    case .ip4(_, let port), .ip6(_, let port): Int(port)
    case .unix: 0
    }
  }

  private static func peer(of socket: Socket) -> String {
    switch try? socket.remotePeer() {
    case .ip4(let address, _), .ip6(let address, _): address
    default: ""
    }
  }

  /// How many connections this process may open: its limit of file descriptors, raised to at most
  /// 8,192 where the system allows it, minus 96 that are kept for files.
  private static func spareDescriptors() -> Int {
    var limit = rlimit()
    #if canImport(Glibc)
      let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
      let resource = RLIMIT_NOFILE
    #endif
    guard getrlimit(resource, &limit) == 0 else { return 128 }
    limit.rlim_cur = min(limit.rlim_max, 8_192)
    setrlimit(resource, &limit)
    getrlimit(resource, &limit)
    return max(16, Int(min(limit.rlim_cur, 8_192)) - 96)
  }
}
