import Crypto
import Foundation
import Testing
import Traffic

@testable import Custody

/// A folder of its own for one test, removed afterwards.
final class Scratch {
    let path = "\(NSTemporaryDirectory())gantry-custody-\(UUID().uuidString)"
    var keys: String { "\(path)/keys" }
    deinit { try? FileManager.default.removeItem(atPath: path) }
}

func moment(_ text: String) -> EventTime { EventTime(rfc3339: text)! }

func place(_ ordinal: Int = 0, camera: CameraID = "ring-north", at time: String = "2026-03-02T07:30:00Z") -> Vault.Place
{
    Vault.Place(
        passage: PassageID([UInt8](repeating: UInt8(ordinal), count: 16)), camera: camera, firstSeen: moment(time))
}

@Suite struct KeyStoreTests {
    @Test func `a folder is made for its owner alone, and opened again`() throws {
        let scratch = Scratch()
        let store = try KeyStore(folder: scratch.keys, create: true)
        _ = try store.dayKey(Day("2026-03-02")!, create: true)
        for name in ["", "/wrapping.key", "/settings", "/day-2026-03-02.key"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: scratch.keys + name)
            #expect((attributes[.posixPermissions] as? Int)! & 0o077 == 0, "\(name)")
        }
        let again = try KeyStore(folder: scratch.keys, create: false)
        #expect(try again.dayKey(Day("2026-03-02")!, create: false) == store.dayKey(Day("2026-03-02")!, create: false))
        #expect(again.inventory().days == [Day("2026-03-02")!])
    }

    @Test(arguments: ["", "/wrapping.key"])
    func `keys that others can reach are refused`(name: String) throws {
        let scratch = Scratch()
        _ = try KeyStore(folder: scratch.keys, create: true)
        try FileManager.default.setAttributes([.posixPermissions: 0o750], ofItemAtPath: scratch.keys + name)
        #expect(throws: CustodyError.permissionsTooOpen(path: scratch.keys + name, mode: "0750")) {
            _ = try KeyStore(folder: scratch.keys, create: true)
        }
    }

    /// The mark of a destroyed key is not looked for while the folder is as it was: an age of it is set here by hand.
    @Test func `a key that another process destroys does not live on in the cache`() throws {
        let scratch = Scratch()
        let (store, other) = (
            try KeyStore(folder: scratch.keys, create: true), try KeyStore(folder: scratch.keys, create: false)
        )
        let day = Day("2026-03-02")!
        func age(_ seconds: Double) throws {
            try FileManager.default.setAttributes(
                [.modificationDate: Date.now.addingTimeInterval(-seconds)], ofItemAtPath: scratch.keys)
        }
        let key = try store.dayKey(day, create: true)
        try age(60)
        for _ in 0..<3 { #expect(try store.dayKey(day, create: false) == key) }
        try other.destroy(day: day)
        #expect(throws: CustodyError.destroyed(name: "day-2026-03-02")) { try store.dayKey(day, create: true) }

        let next = Day("2026-03-03")!
        _ = try store.dayKey(next, create: true)
        try age(50)
        for _ in 0..<3 { _ = try store.dayKey(next, create: false) }
        try other.destroy(day: next)
        try age(40)
        #expect(throws: CustodyError.destroyed(name: "day-2026-03-03")) { try store.dayKey(next, create: true) }
    }

    @Test func `a folder that is not there is made only when asked`() throws {
        let scratch = Scratch()
        #expect(throws: CustodyError.noKeys(folder: scratch.keys)) {
            _ = try KeyStore(folder: scratch.keys, create: false)
        }
    }

    @Test func `a key under another store's wrapping key is refused`() throws {
        let mine = Scratch(), other = Scratch()
        let day = Day("2026-03-02")!
        _ = try KeyStore(folder: mine.keys, create: true).dayKey(day, create: true)
        _ = try KeyStore(folder: other.keys, create: true).dayKey(day, create: true)
        try FileManager.default.removeItem(atPath: "\(mine.keys)/day-\(day).key")
        try FileManager.default.copyItem(atPath: "\(other.keys)/day-\(day).key", toPath: "\(mine.keys)/day-\(day).key")
        let store = try KeyStore(folder: mine.keys, create: false)
        #expect(throws: CustodyError.self) { _ = try store.dayKey(day, create: true) }
    }

    @Test func `the length of an epoch stays as it was made`() throws {
        let scratch = Scratch()
        _ = try KeyStore(folder: scratch.keys, create: true, epochDays: 3)
        #expect(try KeyStore(folder: scratch.keys, create: true).epochDays == 3)
        #expect(throws: CustodyError.self) { _ = try KeyStore(folder: scratch.keys, create: true, epochDays: 7) }
    }

    @Test func `stores that race to make a key agree on one`() async throws {
        let scratch = Scratch()
        let tokens = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<8 {
                group.addTask { [path = scratch.keys] in
                    let vault = Vault(keys: try KeyStore(folder: path, create: true))
                    return try vault.tokens(of: PlateText("ABC234")!, in: TokenEpoch(number: 3), create: true).token
                }
            }
            return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
        }
        #expect(tokens.count == 1)
    }
}

@Suite struct VaultTests {
    let scratch = Scratch()
    let vault: Vault
    init() throws { vault = Vault(keys: try KeyStore(folder: scratch.keys, create: true, epochDays: 7)) }

    @Test func `a sealed text opens where it was sealed and nowhere else`() throws {
        let text = PlateText("1ABC234")!
        let sealed = try vault.seal(text: text, at: place())
        #expect(try vault.open(text: sealed, at: place()) == text)
        _ = try vault.seal(text: text, at: place(at: "2026-03-03T00:00:00Z"))
        for elsewhere in [place(1), place(camera: "canal-bridge"), place(at: "2026-03-03T07:30:00Z")] {
            #expect(throws: CustodyError.notAuthentic) { _ = try vault.open(text: sealed, at: elsewhere) }
        }
        #expect(throws: CustodyError.notAuthentic) { _ = try vault.open(crop: sealed, at: place()) }
    }

    @Test func `a single changed bit does not open`() throws {
        let sealed = try vault.seal(crop: Array("not really a picture".utf8), at: place())
        for bit in 0..<sealed.count * 8 {
            var changed = sealed
            changed[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: CustodyError.notAuthentic) { _ = try vault.open(crop: changed, at: place()) }
        }
        #expect(throws: CustodyError.notAuthentic) { _ = try vault.open(crop: [], at: place()) }
        #expect(try vault.open(crop: sealed, at: place()) == Array("not really a picture".utf8))
    }

    @Test(arguments: ["A", "1ABC234", "ABCDEFGHIJKLMNO", "ABCDEFGHIJKLMNOP"])
    func `texts of every length survive padding`(text: String) throws {
        let sealed = try vault.seal(text: PlateText(text)!, at: place())
        #expect(try vault.open(text: sealed, at: place()).text == text)
        #expect((sealed.count - 28) % 16 == 0)
    }

    @Test func `the same plate has one token in an epoch, others in the next and for look-alikes`() throws {
        let text = PlateText("ABC234")!
        let epoch = TokenEpoch(moment("2026-03-02T07:30:00Z"), days: 7)
        let first = try vault.tokens(of: text, in: epoch, create: true)
        #expect(try vault.tokens(of: text, in: epoch, create: true) == first)
        #expect(first.token.count == 16 && first.token != first.lookAlikeToken)
        let later = try vault.tokens(of: text, in: TokenEpoch(number: epoch.number + 1), create: true)
        #expect(later.token != first.token && later.lookAlikeToken != first.lookAlikeToken)
    }

    @Test func `look-alikes share their second token only`() throws {
        let epoch = TokenEpoch(number: 3)
        let clear = try vault.tokens(of: PlateText("1OB5Z")!, in: epoch, create: true)
        for blurred in ["I0852", "LD8SZ", "1QBS2"] {
            let seen = try vault.tokens(of: PlateText(blurred)!, in: epoch, create: true)
            #expect(seen.lookAlikeToken == clear.lookAlikeToken && seen.token != clear.token)
        }
        let other = try vault.tokens(of: PlateText("1OB5X")!, in: epoch, create: true)
        #expect(other.lookAlikeToken != clear.lookAlikeToken)
    }

    @Test func `a destroyed day can be neither read nor written again`() throws {
        let sealed = try vault.seal(text: PlateText("ABC234")!, at: place())
        // A second process that had the key in memory must forget it too.
        let other = Vault(keys: try KeyStore(folder: scratch.keys, create: false))
        _ = try other.open(text: sealed, at: place())
        try vault.keys.destroy(day: Day("2026-03-02")!)
        for vault in [vault, other] {
            #expect(throws: CustodyError.destroyed(name: "day-2026-03-02")) {
                _ = try vault.open(text: sealed, at: place())
            }
            #expect(throws: CustodyError.destroyed(name: "day-2026-03-02")) {
                _ = try vault.seal(text: PlateText("ABC234")!, at: place())
            }
        }
        #expect(vault.keys.inventory().destroyedDays == [Day("2026-03-02")!])
    }

    @Test func `a search covers the epochs that hold anything, and no destroyed one`() throws {
        let text = PlateText("ABC234")!
        let days = ["2026-03-02", "2026-03-09", "2026-03-16"]
        for day in days {
            _ = try vault.tokens(of: text, in: TokenEpoch(moment("\(day)T00:00:00Z"), days: 7), create: true)
        }
        let (from, to) = (moment("2026-03-08T23:00:00Z"), moment("2026-04-01T00:00:00Z"))
        #expect(try vault.search(for: text, from: from, to: to).count == 3)
        try vault.keys.destroy(epoch: TokenEpoch(moment("2026-03-16T00:00:00Z"), days: 7))
        #expect(try vault.search(for: text, from: from, to: to).count == 2)
    }
}

@Suite struct DomainTests {
    let scratch = Scratch()

    private func vault(_ domain: String, epochDays: Int? = nil) throws -> Vault {
        Vault(keys: try KeyStore(folder: scratch.keys, create: true, domain: domain, epochDays: epochDays))
    }

    @Test func `tokens of two domains share nothing, whatever plate and epoch`() throws {
        let epoch = TokenEpoch(number: 20_514)
        var seen: Set<[UInt8]> = []
        for domain in ["traffic", "enforcement", "sighting", "look"] {
            let found = try vault(domain).tokens(of: PlateText("ABC234")!, in: epoch, create: true)
            seen.formUnion([found.token, found.lookAlikeToken])
        }
        #expect(seen.count == 8)
        #expect(try vault("traffic").keys.domains() == ["enforcement", "look", "sighting", "traffic"])
        // A key of one domain is none of another, though it lies under the other's name.
        try FileManager.default.removeItem(atPath: "\(scratch.keys)/token-enforcement-sighting-\(epoch).key")
        try FileManager.default.copyItem(
            atPath: "\(scratch.keys)/token-sighting-\(epoch).key",
            toPath: "\(scratch.keys)/token-enforcement-sighting-\(epoch).key")
        #expect(throws: CustodyError.self) {
            try vault("enforcement").tokens(of: PlateText("ABC234")!, in: epoch, create: true)
        }
    }

    @Test func `each domain has epochs and destructions of its own`() throws {
        let traffic = try vault("traffic"), other = try vault("enforcement", epochDays: 30)
        #expect(traffic.keys.epochDays == 1 && other.keys.epochDays == 30)
        let epoch = TokenEpoch(number: 7)
        for vault in [traffic, other] { _ = try vault.tokens(of: PlateText("ABC234")!, in: epoch, create: true) }
        let record = try other.keys.destroy(.epoch(epoch), by: "keeper", reason: "retention")
        #expect(record.key == "epoch-enforcement-7" && other.keys.destroyable(record.key) == .epoch(epoch))
        #expect(traffic.keys.destroyable(record.key) == nil)
        #expect(traffic.keys.has(.epoch(epoch)) && !other.keys.has(.epoch(epoch)))
        #expect(throws: CustodyError.noDomain("parking", folder: scratch.keys)) {
            _ = try KeyStore(folder: scratch.keys, create: false, domain: "parking")
        }
    }

    /// What databases have that are older than domains.
    @Test func `traffic's keys and tokens are what they were before there were domains`() throws {
        let vault = try vault("traffic"), epoch = TokenEpoch(number: 2930)
        let found = try vault.tokens(of: PlateText("ABC234")!, in: epoch, create: true)
        #expect(FileManager.default.fileExists(atPath: "\(scratch.keys)/token-look-alike-2930.key"))
        for (purpose, text, token) in [
            (KeyStore.Purpose.sighting, "ABC234", found.token), (.lookAlike, "A8C234", found.lookAlikeToken),
        ] {
            let message = Array("gantry-token/1\0\(purpose.rawValue)\02930\0\(text)".utf8)
            let key = try vault.keys.tokenKey(purpose, epoch, create: false)
            #expect(Array(HMAC<SHA256>.authenticationCode(for: message, using: key).prefix(16)) == token)
        }
    }
}

@Suite struct OverlapTests {
    let scratch = Scratch()

    private func plate(_ vault: Vault, _ time: String) throws -> PassageProtection.Plate {
        let passage = Passage(
            id: PassageID([UInt8](repeating: 1, count: 16)), camera: "ring-north", epoch: Epoch(1), firstFrame: 1,
            lastFrame: 2, firstSeen: moment(time), lastSeen: moment(time), kind: .car, frames: 2,
            direction: .approaching,
            best: Passage.Best(frame: 1, vehicle: nil, plate: nil, crop: nil),
            plate: Passage.VotedPlate(
                text: PlateText("ABC234")!, confidence: 1, accepted: true, votes: 1, reads: 1, region: nil),
            notRead: nil)
        return try #require(try vault.protect(passage, in: .day(moment(time))).plate)
    }

    @Test func `the first hours of an epoch have the tokens of the one before as well, until its keys are destroyed`()
        throws
    {
        let vault = Vault(
            keys: try KeyStore(folder: scratch.keys, create: true, epochDays: 1), overlap: .seconds(2 * 3600))
        let evening = try plate(vault, "2026-03-02T23:59:59.999Z"), night = try plate(vault, "2026-03-03T00:00:00Z")
        let later = try plate(vault, "2026-03-03T01:59:59Z"), morning = try plate(vault, "2026-03-03T02:00:00Z")
        #expect(evening.previous == nil && morning.previous == nil)
        let before = PassageProtection.Plate.Previous(token: evening.token, lookAlikeToken: evening.lookAlikeToken)
        #expect(night.previous == before && later.previous == before)
        #expect(night.token == morning.token && night.token != evening.token)
        // Whoever asks about the night alone needs the evening's tokens too.
        let asked = try vault.search(
            for: PlateText("ABC234")!, from: moment("2026-03-03T01:00:00Z"), to: moment("2026-03-03T05:00:00Z"))
        #expect(asked.map(\.token) == [evening.token, night.token])
        try vault.keys.destroy(epoch: TokenEpoch(moment("2026-03-02T12:00:00Z"), days: 1))
        #expect(try plate(vault, "2026-03-03T00:00:00Z").previous == nil)
    }

    @Test(arguments: [1, 7, 30], [-3, 0, 4, 2051])
    func `an epoch begins with its first moment`(days: Int, number: Int) {
        let epoch = TokenEpoch(number: Int32(number))
        #expect(TokenEpoch(epoch.start(days: days), days: days) == epoch)
        #expect(TokenEpoch(epoch.start(days: days) + .nanoseconds(-1), days: days).number == Int32(number) - 1)
    }
}

@Suite struct PeriodTests {
    @Test(arguments: [
        ("1970-01-04T23:59:59Z", -1), ("1970-01-05T00:00:00Z", 0), ("1970-01-11T23:59:59.999Z", 0),
        ("1970-01-12T00:00:00Z", 1), ("1969-12-29T00:00:00Z", -1), ("1969-12-28T23:59:59Z", -2),
    ])
    func `epochs of a week begin on Mondays`(time: String, number: Int32) {
        #expect(TokenEpoch(moment(time), days: 7).number == number)
    }

    @Test func `days are named as they are read`() {
        #expect(Day("2026-03-02")?.description == "2026-03-02")
        #expect(Day(moment("1969-12-31T23:59:59.999Z")).description == "1969-12-31")
        #expect(Day("2026-3-2") == nil && Day("2026-02-30") == nil)
    }
}
