internal import Glibc
internal import Stages
internal import Traffic

/// Between a live source's thread and its consumer: a few frames, of which the oldest makes room.
///
/// Gaps and rejected records are kept; they are few, because each outage and each break makes one. Should a consumer
/// stand still through `notesMax` of them, the oldest of those goes too.
final class SourceLiveQueue: @unchecked Sendable {
    // Everything below is touched only with `mutex` held.
    private var events: [SourceEvent] = []
    private var frames = 0, dropped = 0
    private var isClosed = false, isReading = false
    private let capacity: Int
    private let notesMax = 64
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    /// - Parameter capacity: Frames kept.
    init(capacity: Int) {
        self.capacity = capacity
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    /// Never waits; nothing enters once closed.
    func push(_ event: SourceEvent) {
        locked {
            guard !isClosed else { return }
            if event.isFrame {
                if frames == capacity {
                    events.remove(at: events.firstIndex(where: \.isFrame)!)
                    dropped += 1
                } else {
                    frames += 1
                }
            } else if events.count - frames == notesMax {
                events.remove(at: events.firstIndex { !$0.isFrame }!)
                dropped += 1
            }
            events.append(event)
            pthread_cond_broadcast(changed)
        }
    }

    /// Waits for the next event; nil once closed.
    func pop() -> SourceEvent? {
        locked {
            while events.isEmpty && !isClosed { pthread_cond_wait(changed, mutex) }
            guard !isClosed else { return nil }
            let event = events.removeFirst()
            if event.isFrame { frames -= 1 }
            return event
        }
    }

    /// Drops what waits, and lets every waiting call return.
    func close() {
        locked {
            isClosed = true
            events = []
            frames = 0
            pthread_cond_broadcast(changed)
        }
    }

    /// Waits; returns early, with false, once closed.
    func pause(_ duration: Duration) -> Bool {
        let deadline = Self.deadline(after: duration)
        return locked {
            while !isClosed {
                var until = deadline
                if pthread_cond_timedwait(changed, mutex, &until) == ETIMEDOUT { return !isClosed }
            }
            return false
        }
    }

    /// Events shed since the last call.
    func takeDropped() -> Int {
        locked {
            defer { dropped = 0 }
            return dropped
        }
    }

    func readerStarted() { locked { isReading = true } }

    func readerEnded() {
        locked {
            isReading = false
            pthread_cond_broadcast(changed)
        }
    }

    /// Waits until the reading thread has let go of its stream, but not for ever: looking up a host's name can't be
    /// interrupted.
    func awaitReader(atMost duration: Duration) {
        let deadline = Self.deadline(after: duration)
        locked {
            while isReading {
                var until = deadline
                if pthread_cond_timedwait(changed, mutex, &until) == ETIMEDOUT { return }
            }
        }
    }

    private static func deadline(after duration: Duration) -> timespec {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let total = Int64(now.tv_nsec) + max(0, duration.inNanoseconds)
        return timespec(tv_sec: now.tv_sec + Int(total / 1_000_000_000), tv_nsec: Int(total % 1_000_000_000))
    }
}

extension SourceEvent {
    var isFrame: Bool {
        if case .record(let record) = self, case .frame = record.body { true } else { false }
    }
}
