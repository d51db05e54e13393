import Foundation

/// Runs tasks on a thread of its own, so that C calls that block (a network, an inference, a query) never
/// hold a thread of the cooperative pool.
public final class ThreadExecutor: TaskExecutor, @unchecked Sendable {
    // `jobs` and `stopped` are only touched with the condition locked.
    private let condition = NSCondition()
    private var jobs: [UnownedJob] = []
    private var stopped = false

    /// - Parameter name: Shown by debuggers.
    public init(name: String) {
        let thread = Thread { [self] in serve() }
        thread.name = name
        thread.start()
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        condition.withLock {
            jobs.append(job)
            condition.signal()
        }
    }

    /// Ends the thread when nothing is queued.
    public func stop() {
        condition.withLock {
            stopped = true
            condition.signal()
        }
    }

    private func serve() {
        while true {
            let batch: [UnownedJob] = condition.withLock {
                while jobs.isEmpty && !stopped { condition.wait() }
                defer { jobs = [] }
                return jobs
            }
            if batch.isEmpty { return }
            for job in batch { job.runSynchronously(on: asUnownedTaskExecutor()) }
        }
    }

    /// Runs a body, and everything it awaits that has no executor of its own, on a new thread.
    public static func run<Result: Sendable>(
        name: String, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let executor = ThreadExecutor(name: name)
        defer { executor.stop() }
        let task = Task(executorPreference: executor) { try await body() }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
