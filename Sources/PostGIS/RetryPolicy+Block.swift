import Glibc

extension RetryPolicy {
    /// Blocks the thread for a while; always true.
    static func block(_ duration: Duration) -> Bool {
        let (seconds, attoseconds) = duration.components
        var wanted = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
        var left = timespec()
        while nanosleep(&wanted, &left) != 0 && errno == EINTR { wanted = left }
        return true
    }
}
