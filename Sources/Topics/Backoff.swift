/// How long and how often a failing call is tried again.
public struct Backoff: Hashable, Sendable {
    /// The pause after the first failure; doubles with each further one.
    public var first: Duration
    public var longest: Duration
    /// Calls in all; at least 1.
    public var attempts: Int

    public init(first: Duration = .milliseconds(100), longest: Duration = .seconds(5), attempts: Int = 8) {
        precondition(attempts >= 1, "a call that is never made can't succeed")
        self.first = first
        self.longest = longest
        self.attempts = attempts
    }

    /// Calls until it works or fails in a way that won't pass.
    ///
    /// - Parameters:
    ///   - isRetriable: Whether an error is worth another try; by default what a ``RetriableError`` says of itself.
    ///   - failed: Told of each failure that will be retried, and of the pause before that.
    public func retrying<Result>(
        isRetriable: (any Error) -> Bool = { ($0 as? any RetriableError)?.isRetriable ?? false },
        failed: (any Error, Duration) -> Void = { _, _ in }, _ body: () async throws -> Result
    ) async throws -> Result {
        var pause = first
        for _ in 1..<attempts {
            do { return try await body() } catch  where isRetriable(error) {
                failed(error, pause)
                try await Task.sleep(for: pause)
                pause = min(pause * 2, longest)
            }
        }
        return try await body()
    }
}
