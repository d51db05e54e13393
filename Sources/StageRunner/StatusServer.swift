import FlyingFox
import FlyingSocks
import Foundation

/// Serves `/metrics`, `/health` and `/ready` on 127.0.0.1.
///
/// `/health` answers as long as the process does. `/ready` answers 503 until every stage has reached its link.
public struct StatusServer: Sendable {
    private let server: HTTPServer
    private let metrics: PrometheusRegistry
    private let stages: [StageProgress]

    /// - Parameter port: 0 takes a free one; ask ``listeningPort()`` for it.
    public init(port: UInt16, metrics: PrometheusRegistry, stages: [StageProgress]) {
        server = HTTPServer(address: .loopback4(port: port), logger: .disabled)
        self.metrics = metrics
        self.stages = stages
    }

    /// Serves until ``stop()`` or cancellation.
    public func run() async throws {
        await server.appendRoute("GET /metrics") { [metrics] _ in
            HTTPResponse(
                statusCode: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: Data(metrics.render().utf8))
        }
        await server.appendRoute("GET /health") { _ in HTTPResponse(statusCode: .ok, body: Data("ok\n".utf8)) }
        await server.appendRoute("GET /ready") { [stages] _ in
            let waiting = stages.filter { !$0.isReady }.map(\.stage)
            return waiting.isEmpty
                ? HTTPResponse(statusCode: .ok, body: Data("ready\n".utf8))
                : HTTPResponse(
                    statusCode: .serviceUnavailable,
                    body: Data("waiting for \(waiting.joined(separator: ", "))\n".utf8))
        }
        try await server.run()
    }

    /// Waits until the server listens.
    /// - Returns: Its port.
    public func listeningPort() async throws -> UInt16? {
        try await server.waitUntilListening(timeout: 60)
        let address = await server.listeningAddress
        guard case .ip4(_, let port) = address else { return nil }
        return port
    }

    public func stop() async { await server.stop() }
}

extension SocketAddress where Self == sockaddr_in {
    /// 127.0.0.1; the status pages have no access control, so they are not served to the network.
    fileprivate static func loopback4(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        return address
    }
}
