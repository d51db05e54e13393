internal import Glibc

/// Whether something listens at an address.
enum TCPProbe {
    /// - Parameters:
    ///   - address: `host:port`.
    ///   - timeout: In milliseconds, for each of the host's addresses.
    /// - Returns: Why there is no connection; nil when there is one.
    static func failure(_ address: String, timeout: Int32) -> String? {
        guard let colon = address.lastIndex(of: ":") else { return "no port" }
        let host = address[..<colon].filter { $0 != "[" && $0 != "]" }
        let port = String(address[address.index(after: colon)...])
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, port, &hints, &found)
        guard status == 0 else { return String(cString: gai_strerror(status)) }
        defer { freeaddrinfo(found) }
        var reason = "no address"
        var next = found
        while let entry = next?.pointee {
            guard let failure = connect(entry, timeout: timeout) else { return nil }
            reason = failure
            next = entry.ai_next
        }
        return reason
    }

    private static func connect(_ entry: addrinfo, timeout: Int32) -> String? {
        let descriptor = socket(entry.ai_family, entry.ai_socktype | Int32(SOCK_NONBLOCK.rawValue), entry.ai_protocol)
        guard descriptor >= 0 else { return String(cString: strerror(errno)) }
        defer { close(descriptor) }
        if Glibc.connect(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 { return nil }
        guard errno == EINPROGRESS else { return String(cString: strerror(errno)) }
        var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&wait, 1, timeout) == 1 else { return "no answer in \(timeout) ms" }
        var error: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size)
        return error == 0 ? nil : String(cString: strerror(error))
    }
}
