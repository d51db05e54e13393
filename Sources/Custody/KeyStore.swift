import Crypto
import Foundation
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

    /// What there is and what was destroyed: days, and the domain's epochs.
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

    /// The domain of pipelines that name none, and of folders that are older than domains.
    public static let traffic = "traffic"

    /// What tokens are made for: those of two domains have keys of their own and can't be joined.
    public let domain: String
    /// Days that a token epoch of this domain lasts.
    public let epochDays: Int
    public var path: String { folder.path }
    let folder: KeyFolder
    /// Where the wrapping key comes from.
    public let source: WrappingKeySource
    /// What the source gave when it was last asked, the newest first.
    let wrapping: Mutex<[WrappingKey]>
    /// An unwrapped key, and the folder's stamp when its mark was last looked for.
    private struct Known {
        var key: SymmetricKey
        var stamp: KeyFolder.Stamp?
    }

    /// By file name. Bounded: a system uses few days at a time.
    private let cache = Mutex<[String: Known]>([:])
    private static let cacheLimit = 64
    static let header = WrappingKey.header

    /// Opens the keys in a folder.
    ///
    /// - Parameters:
    ///   - create: Make the folder and its wrapping key when there is none.
    ///   - domain: Lower-case letters and digits, beginning with a letter.
    ///   - epochDays: Days that a token epoch lasts, fixed when the domain is first used; nil takes what is there, or 1.
    ///   - source: Where the wrapping key comes from.
    /// - Throws: ``CustodyError/permissionsTooOpen(path:mode:)`` when others can reach the folder or a key in it.
    public init(
        folder path: String, create: Bool, domain: String = traffic, epochDays: Int? = nil,
        wrappedBy source: WrappingKeySource = .folder
    ) throws(CustodyError) {
        precondition(epochDays ?? 1 > 0, "an epoch lasts at least a day")
        precondition(Self.isDomain(domain), "'\(domain)' is no name for a domain")
        self.domain = domain
        let settingsName = domain == Self.traffic ? "settings" : "settings-\(domain)"
        folder = KeyFolder(path: path)
        self.source = source
        if create { try folder.create() }
        guard folder.exists() else { throw .noKeys(folder: path) }
        try folder.checkPermissions(of: path)
        var keys = try source.load(folder)
        if create {
            // The settings go first: a wrapping key says that the folder is complete.
            if try folder.read(settingsName) == nil {
                let text = "gantry-keys/1\ntoken-epoch-days \(epochDays ?? 1)\n"
                _ = try folder.add(settingsName, Array(text.utf8))
            }
            if keys == nil { keys = try Self.firstKey(folder, source) }
        }
        guard let settings = try folder.read(settingsName) else {
            if keys != nil, domain != Self.traffic { throw .noDomain(domain, folder: path) }
            throw .noKeys(folder: path)
        }
        guard let keys else {
            if source == .folder, Self.wrappedNames(folder).isEmpty { throw .noKeys(folder: path) }
            throw .noWrappingKey(source: "\(source)", reason: "there is no such file")
        }
        if let mark = try WrappingMark(folder) {
            guard keys.contains(where: { $0.id == mark.id }) else {
                throw .otherWrappingKey(source: "\(source)", found: keys[0].id, needed: mark.id)
            }
        } else if create {
            _ = try folder.add(WrappingMark.name, WrappingMark(keys[0], since: .now).bytes)
        }
        wrapping = Mutex(keys)
        let lines = String(decoding: settings, as: UTF8.self).split(separator: "\n")
        guard lines.count == 2, lines[0] == "gantry-keys/1", let days = lines[1].split(separator: " ").last,
            let found = Int(days), found > 0
        else { throw .unreadableKey(path: folder.file(settingsName), reason: "it is not in format gantry-keys/1") }
        if let epochDays, epochDays != found {
            throw .settingsDiffer(
                path: folder.file(settingsName), found: String(lines[1]), wanted: "token-epoch-days \(epochDays)")
        }
        self.epochDays = found
    }

    /// Makes the first wrapping key where the source is a file; nil where it is not there to be made.
    private static func firstKey(_ folder: KeyFolder, _ source: WrappingKeySource) throws(CustodyError)
        -> [WrappingKey]?
    {
        guard let place = source.place(folder) else { return nil }
        // A lost wrapping key must not be taken for a new folder.
        guard wrappedNames(folder).isEmpty else {
            throw .noWrappingKey(
                source: "\(source)", reason: "there is no such file, and the folder has keys that it wraps")
        }
        _ = try place.folder.add(place.name, WrappingKey.file([.fresh()]))
        return try source.load(folder)
    }

    /// Files of wrapped keys.
    static func wrappedNames(_ folder: KeyFolder) -> [String] {
        folder.names().filter { $0.hasSuffix(".key") && $0 != "wrapping.key" }
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
        try key("\(prefix(purpose))\(epoch)", create: create)
    }

    /// What the names of a purpose's keys begin with.
    private func prefix(_ purpose: Purpose) -> String {
        "token-\(domain == Self.traffic ? "" : "\(domain)-")\(purpose.rawValue)-"
    }

    /// Whether a domain may be called so: lower-case letters and digits, beginning with a letter, at most 32.
    public static func isDomain(_ name: String) -> Bool {
        name.utf8.count <= 32 && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) }
            && name.utf8.first.map { $0 >= 97 } ?? false
    }

    /// The domains that have settings here, by name.
    public func domains() -> [String] {
        folder.names().compactMap { name in
            name == "settings" ? Self.traffic : name.hasPrefix("settings-") ? String(name.dropFirst(9)) : nil
        }.filter(Self.isDomain).sorted()
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
        for purpose in Purpose.allCases { try destroy("\(prefix(purpose))\(epoch)") }
    }

    public func inventory() -> Inventory {
        var inventory = Inventory()
        let prefix = prefix(.sighting)
        inventory.slots = dataPeriods().filter { !$0.isDay }.sorted()
        inventory.destroyedUntil = try? destroyedUntil()
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
        if create, try folder.read("\(name).key") == nil {
            try folder.locked { () throws(CustodyError) in
                guard try !isDestroyed(name, end: end) else { throw .destroyed(name: name) }
                let fresh = SymmetricKey(size: .bits256)
                _ = try folder.add("\(name).key", Self.header + wrap(fresh, name: name, by: presentWrappingKey()))
            }
        }
        let key = try unwrapped(name)
        cache.withLock { cache in
            if cache.count >= Self.cacheLimit { cache.removeAll() }
            cache[name] = Known(key: key, stamp: nil)
        }
        return key
    }

    /// Reads a key, also while another process changes the wrapping key.
    func unwrapped(_ name: String) throws(CustodyError) -> SymmetricKey {
        for attempt in 0..<3 {
            if attempt > 0 { try reload() }
            guard let bytes = try folder.read("\(name).key") else {
                if try folder.read("\(name).destroyed") != nil { throw .destroyed(name: name) }
                throw .unknownKey(name: name)
            }
            for by in wrapping.withLock({ $0 }) {
                if let key = unwrap(bytes, name: name, by: by) { return key }
            }
        }
        throw .unreadableKey(
            path: folder.file("\(name).key"),
            reason: "it was changed, or is wrapped by another key than the source gives")
    }

    func reload() throws(CustodyError) {
        guard let keys = try source.load(folder) else {
            throw .noWrappingKey(source: "\(source)", reason: "there is no such file")
        }
        wrapping.withLock { $0 = keys }
    }

    /// What new keys are wrapped with: under the lock, since a rotation changes it.
    private func presentWrappingKey() throws(CustodyError) -> WrappingKey {
        guard let mark = try WrappingMark(folder) else { return wrapping.withLock { $0[0] } }
        if let known = wrapping.withLock({ $0.first { $0.id == mark.id } }) { return known }
        try reload()
        let keys = wrapping.withLock { $0 }
        guard let known = keys.first(where: { $0.id == mark.id }) else {
            throw .otherWrappingKey(source: "\(source)", found: keys[0].id, needed: mark.id)
        }
        return known
    }

    private func destroy(_ name: String) throws(CustodyError) {
        try folder.locked { () throws(CustodyError) in
            _ = try folder.add("\(name).destroyed", Self.header)
            try folder.erase("\(name).key")
        }
        cache.withLock { _ = $0.removeValue(forKey: name) }
    }

    func wrap(_ key: SymmetricKey, name: String, by wrapping: WrappingKey) -> [UInt8] {
        let bytes = key.withUnsafeBytes { Array($0) }
        return seal(bytes, under: wrapping.key, binding: Array("gantry-wrap/1\0\(name)".utf8))
    }

    /// Nil when it was changed, or another key wraps it.
    func unwrap(_ bytes: [UInt8], name: String, by wrapping: WrappingKey) -> SymmetricKey? {
        guard bytes.starts(with: Self.header),
            let key = try? unseal(
                Array(bytes.dropFirst(Self.header.count)), under: wrapping.key,
                binding: Array("gantry-wrap/1\0\(name)".utf8)),
            key.count == 32
        else { return nil }
        return SymmetricKey(data: key)
    }
}
