public import Foundation
import Traffic

extension KeyStore {
    /// The record of one key that was destroyed, or is about to be.
    public struct Destruction: Codable, Hashable, Sendable {
        /// Its own, so that it is carried into a database once.
        public var id: UUID
        /// RFC 3339, UTC.
        public var at: String
        /// The operating system's user.
        public var by: String
        /// `day-2026-03-02`, or `epoch-2930` with all its purposes' keys; `epoch-DOMAIN-2930` of a domain but traffic.
        public var key: String
        public var reason: String
    }

    /// What can be destroyed by itself.
    public enum Destroyable: Hashable, Sendable {
        /// The texts and pictures of a UTC day, whatever their domain.
        case day(Day)
        /// The tokens of an epoch of this domain.
        case epoch(TokenEpoch)
    }

    /// As the record has it.
    public func name(of what: Destroyable) -> String {
        switch what {
        case .day(let day): "day-\(day)"
        case .epoch(let epoch): "\(epochPrefix)\(epoch)"
        }
    }

    /// Reads what ``name(of:)`` gives; nil for what is another domain's.
    public func destroyable(_ name: String) -> Destroyable? {
        if name.hasPrefix("day-") { return Day(String(name.dropFirst(4))).map { .day($0) } }
        guard name.hasPrefix(epochPrefix), let number = Int32(name.dropFirst(epochPrefix.count)) else { return nil }
        return .epoch(TokenEpoch(number: number))
    }

    private var epochPrefix: String { domain == Self.traffic ? "epoch-" : "epoch-\(domain)-" }

    private static let log = "destroyed.log"

    /// Destroys a key on the record of the folder, `destroyed.log`, which the next connection to a database carries over.
    ///
    /// The record comes first: one without its deed is seen and mended, a deed without record is not. Safe to repeat.
    ///
    /// - Parameters:
    ///   - user: The operating system's.
    ///   - reason: Why; not blank.
    /// - Throws: ``CustodyError/unknownKey(name:)`` where there never was such a key.
    public func destroy(_ what: Destroyable, by user: String, reason: String) throws(CustodyError) -> Destruction {
        let inventory = inventory()
        switch what {
        case .day(let day):
            guard inventory.days.contains(day) || inventory.destroyedDays.contains(day) else {
                throw .unknownKey(name: name(of: what))
            }
        case .epoch(let epoch):
            guard inventory.epochs.contains(epoch) || inventory.destroyedEpochs.contains(epoch) else {
                throw .unknownKey(name: name(of: what))
            }
        }
        let now = EventTime(seconds: Date.now.timeIntervalSince1970.rounded())
        let record = Destruction(id: UUID(), at: now.rfc3339, by: user, key: name(of: what), reason: reason)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // It has strings only.
        let line = try! encoder.encode(record)
        // A line that a killed process left unfinished must not swallow this one.
        try folder.append(Self.log, [0x0A] + line + [0x0A])
        switch what {
        case .day(let day): try destroy(day: day)
        case .epoch(let epoch): try destroy(epoch: epoch)
        }
        return record
    }

    /// What ``destroy(_:by:reason:)`` noted down, oldest first.
    public func destructions() throws(CustodyError) -> [Destruction] {
        guard let bytes = try folder.read(Self.log) else { return [] }
        // A line that a killed process left unfinished has no end, and its key is still there.
        return bytes.split(separator: 0x0A).compactMap {
            try? JSONDecoder().decode(Destruction.self, from: Data($0))
        }
    }

    /// Whether a key is here, although it is said to be destroyed.
    public func has(_ what: Destroyable) -> Bool {
        switch what {
        case .day(let day): inventory().days.contains(day)
        case .epoch(let epoch): inventory().epochs.contains(epoch)
        }
    }
}
