import Crypto
import Synchronization
public import Traffic

/// The keys of one system, in a folder that only its owner can enter.
///
/// `wrapping.key` wraps all others: a random key for each purpose and token epoch, and one for the texts and pictures
/// of each day or shorter slot. Destroying a key leaves a mark, so that a replay can't quietly make a new one under its name.
/// Processes may share a folder. Source: docs/decisions/0003-store.md.
public final class KeyStore: Sendable {
    /// What a token is for. Each purpose has keys of its own, so tokens of two purposes can't be joined.
    public enum Purpose: String, Sendable, CaseIterable {
        /// The exact text.
        case sighting
        /// The text with look-alike characters made equal.
        case lookAlike = "look-alike"
    }

    /// What there is and what was destroyed.
    public struct Inventory: Equatable, Sendable {
        public var days: [Day] = []
        public var destroyedDays: [Day] = []
        /// Shorter than a day.
        public var slots: [KeyPeriod] = []
        /// No data key of a period that ended by then is there, or will be made.
        public var destroyedUntil: EventTime?
        public var epochs: [TokenEpoch] = []
        public var destroyedEpochs: [TokenEpoch] = []
    }

    /// Days that a token epoch lasts.
    public let epochDays: Int
    public var path: String { folder.path }
    private let folder: KeyFolder
    private let wrapping: SymmetricKey
    /// An unwrapped key, and the folder's stamp when its mark was last looked for.
    private struct Known {
        var key: SymmetricKey
        var stamp: KeyFolder.Stamp?
    }

    /// By file name. Bounded: a system uses few days at a time.
    private let cache = Mutex<[String: Known]>([:])
    private static let cacheLimit = 64
    private static let header = Array("gantry-key/1\n".utf8)

    /// Opens the keys in a folder.
    ///
    /// - Parameters:
    ///   - create: Make the folder and its wrapping key when there is none.
    ///   - epochDays: Days that a token epoch lasts, fixed when the folder is made; nil takes what it says, or 7.
    /// - Throws: ``CustodyError/permissionsTooOpen(path:mode:)`` when others can reach the folder or a key in it.
    public init(folder path: String, create: Bool, epochDays: Int? = nil) throws(CustodyError) {
        precondition(epochDays ?? 1 > 0, "an epoch lasts at least a day")
        folder = KeyFolder(path: path)
        if create { try folder.create() }
        guard folder.exists() else { throw .noKeys(folder: path) }
        try folder.checkPermissions(of: path)
        if create, try folder.read("wrapping.key") == nil {
            // The settings go first: a wrapping key says that the folder is complete.
            _ = try folder.add("settings", Array("gantry-keys/1\ntoken-epoch-days \(epochDays ?? 7)\n".utf8))
            let fresh = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
            _ = try folder.add("wrapping.key", Self.header + fresh)
        }
        guard let stored = try folder.read("wrapping.key"), let settings = try folder.read("settings") else {
            throw .noKeys(folder: path)
        }
        guard stored.count == Self.header.count + 32, stored.starts(with: Self.header) else {
            throw .unreadableKey(path: folder.file("wrapping.key"), reason: "it has \(stored.count) bytes")
        }
        wrapping = SymmetricKey(data: stored.dropFirst(Self.header.count))
        let lines = String(decoding: settings, as: UTF8.self).split(separator: "\n")
        guard lines.count == 2, lines[0] == "gantry-keys/1", let days = lines[1].split(separator: " ").last,
            let found = Int(days), found > 0
        else { throw .unreadableKey(path: folder.file("settings"), reason: "it is not in format gantry-keys/1") }
        if let epochDays, epochDays != found {
            throw .settingsDiffer(
                path: folder.file("settings"), found: String(lines[1]), wanted: "token-epoch-days \(epochDays)")
        }
        self.epochDays = found
    }

    /// - Parameter create: Make the key when there is none; for writers only.
    func dataKey(_ period: KeyPeriod, create: Bool) throws(CustodyError) -> SymmetricKey {
        try key(Self.name(of: period), create: create, end: period.end)
    }

    func dayKey(_ day: Day, create: Bool) throws(CustodyError) -> SymmetricKey {
        try dataKey(.day(day.start), create: create)
    }

    private static func name(of period: KeyPeriod) -> String { "\(period.isDay ? "day" : "slot")-\(period)" }

    func tokenKey(_ purpose: Purpose, _ epoch: TokenEpoch, create: Bool) throws(CustodyError) -> SymmetricKey {
        try key("token-\(purpose.rawValue)-\(epoch)", create: create)
    }

    /// Makes a day's texts and pictures unreadable everywhere, backups of the database included.
    public func destroy(day: Day) throws(CustodyError) { try destroy("day-\(day)") }

    /// The same of any period.
    public func destroy(_ period: KeyPeriod) throws(CustodyError) { try destroy(Self.name(of: period)) }

    /// Destroys the data keys of all periods that ended by a moment, and lets none be made again. Safe to repeat.
    ///
    /// One mark for all of them: a mark for every minute would fill the folder.
    ///
    /// - Returns: Those that there were.
    @discardableResult
    public func destroy(until moment: EventTime) throws(CustodyError) -> [KeyPeriod] {
        var gone: [KeyPeriod] = []
        try folder.locked { () throws(CustodyError) in
            let known = try destroyedUntil()
            if known.map({ $0 < moment }) ?? true {
                try folder.replace(Self.untilName, Self.header + Array(moment.rfc3339.utf8))
            }
            for period in dataPeriods() where period.end <= moment {
                try folder.erase("\(Self.name(of: period)).key")
                gone.append(period)
            }
        }
        cache.withLock { cache in for period in gone { cache[Self.name(of: period)] = nil } }
        return gone.sorted()
    }

    private static let untilName = "destroyed-until"

    private func destroyedUntil() throws(CustodyError) -> EventTime? {
        guard let bytes = try folder.read(Self.untilName) else { return nil }
        guard bytes.starts(with: Self.header),
            let moment = EventTime(rfc3339: String(decoding: bytes.dropFirst(Self.header.count), as: UTF8.self))
        else { throw .unreadableKey(path: folder.file(Self.untilName), reason: "it holds no moment") }
        return moment
    }

    /// Periods whose data key is there.
    private func dataPeriods() -> [KeyPeriod] {
        folder.names().compactMap { name in
            guard name.hasSuffix(".key") else { return nil }
            for prefix in ["day-", "slot-"] where name.hasPrefix(prefix) {
                return KeyPeriod(String(name.dropFirst(prefix.count).dropLast(4)))
            }
            return nil
        }
    }

    private func isDestroyed(_ name: String, end: EventTime?) throws(CustodyError) -> Bool {
        if try folder.read("\(name).destroyed") != nil { return true }
        guard let end, let moment = try destroyedUntil() else { return false }
        return end <= moment
    }

    /// Makes an epoch's tokens impossible to compute again: nobody can be looked up in it.
    public func destroy(epoch: TokenEpoch) throws(CustodyError) {
        for purpose in Purpose.allCases { try destroy("token-\(purpose.rawValue)-\(epoch)") }
    }

    public func inventory() -> Inventory {
        var inventory = Inventory()
        inventory.slots = dataPeriods().filter { !$0.isDay }.sorted()
        inventory.destroyedUntil = try? destroyedUntil()
        let prefix = "token-\(Purpose.sighting.rawValue)-"
        for name in folder.names() {
            let destroyed = name.hasSuffix(".destroyed")
            guard destroyed || name.hasSuffix(".key") else { continue }
            let stem = String(name.dropLast(destroyed ? 10 : 4))
            if stem.hasPrefix("day-"), let day = Day(String(stem.dropFirst(4))) {
                if destroyed { inventory.destroyedDays.append(day) } else { inventory.days.append(day) }
            } else if stem.hasPrefix(prefix), let number = Int32(stem.dropFirst(prefix.count)) {
                let epoch = TokenEpoch(number: number)
                if destroyed { inventory.destroyedEpochs.append(epoch) } else { inventory.epochs.append(epoch) }
            }
        }
        return inventory
    }

    /// - Parameter end: Of the period that a data key covers.
    private func key(_ name: String, create: Bool, end: EventTime? = nil) throws(CustodyError) -> SymmetricKey {
        // A key that another process destroyed must not live on in this cache: unless the folder is as it was when the
        // mark was last looked for, it is looked for again.
        let stamp = folder.stamp()
        if let stamp, let known = cache.withLock({ $0[name] }), known.stamp == stamp { return known.key }
        guard try !isDestroyed(name, end: end) else {
            cache.withLock { _ = $0.removeValue(forKey: name) }
            throw .destroyed(name: name)
        }
        if let known = cache.withLock({ $0[name]?.key }) {
            cache.withLock { $0[name] = Known(key: known, stamp: stamp) }
            return known
        }
        var wrapped = try folder.read("\(name).key")
        if wrapped == nil, create {
            wrapped = try folder.locked { () throws(CustodyError) in
                guard try !isDestroyed(name, end: end) else { throw .destroyed(name: name) }
                let fresh = SymmetricKey(size: .bits256)
                _ = try folder.add("\(name).key", Self.header + wrap(fresh, name: name))
                return try folder.read("\(name).key")
            }
        }
        guard let wrapped else { throw .unknownKey(name: name) }
        let key = try unwrap(wrapped, name: name)
        cache.withLock { cache in
            if cache.count >= Self.cacheLimit { cache.removeAll() }
            cache[name] = Known(key: key, stamp: nil)
        }
        return key
    }

    private func destroy(_ name: String) throws(CustodyError) {
        try folder.locked { () throws(CustodyError) in
            _ = try folder.add("\(name).destroyed", Self.header)
            try folder.erase("\(name).key")
        }
        cache.withLock { _ = $0.removeValue(forKey: name) }
    }

    private func wrap(_ key: SymmetricKey, name: String) -> [UInt8] {
        let bytes = key.withUnsafeBytes { Array($0) }
        return seal(bytes, under: wrapping, binding: Array("gantry-wrap/1\0\(name)".utf8))
    }

    private func unwrap(_ bytes: [UInt8], name: String) throws(CustodyError) -> SymmetricKey {
        guard bytes.starts(with: Self.header),
            let key = try? unseal(
                Array(bytes.dropFirst(Self.header.count)), under: wrapping,
                binding: Array("gantry-wrap/1\0\(name)".utf8)),
            key.count == 32
        else {
            throw .unreadableKey(
                path: folder.file("\(name).key"), reason: "it was changed, or wrapped by another store's key")
        }
        return SymmetricKey(data: key)
    }
}
