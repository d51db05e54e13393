import Foundation
import Testing
import Traffic

@testable import Custody

@Suite struct KeyPeriodTests {
    let folder = "/tmp/gantry-test-periods-\(UUID().uuidString)"

    private func moment(_ text: String) -> EventTime { EventTime(rfc3339: text)! }

    @Test(arguments: [
        ("2026-03-02T07:34:59.9Z", 1440, "2026-03-02"), ("2026-03-02T07:34:59.9Z", 5, "2026-03-02T0730Z-5m"),
        ("2026-03-02T07:34:59.9Z", 180, "2026-03-02T0600Z-180m"),
        ("1969-12-31T23:59:59.999Z", 1, "1969-12-31T2359Z-1m"),
    ])
    func `a period holds its moment and reads back from its name`(time: String, minutes: Int, name: String) throws {
        let period = KeyPeriod(containing: moment(time), minutes: minutes)
        #expect(period.description == name && KeyPeriod(name) == period)
        #expect(period.contains(moment(time)) && period.contains(period.start) && !period.contains(period.end))
    }

    @Test(arguments: ["2026-3-2", "2026-03-02T0731Z-5m", "2026-03-02T0730Z-7m", "2026-03-02T0000Z-1440m", "day", ""])
    func `what names no period is none`(name: String) { #expect(KeyPeriod(name) == nil) }

    @Test func `lengths divide an hour, or are whole hours and divide a day`() {
        #expect(KeyPeriod.lengths.allSatisfy { 60 % $0 == 0 || $0 % 60 == 0 && 1440 % $0 == 0 })
        #expect(KeyPeriod.lengths == KeyPeriod.lengths.sorted(by: >))
    }

    @Test func `keys of periods that ended are destroyed for good, in every process, and later ones stay`() throws {
        let store = try KeyStore(folder: folder, create: true)
        let other = try KeyStore(folder: folder, create: false)
        let names = ["2026-03-01", "2026-03-02T0729Z-1m", "2026-03-02T0730Z-1m", "2026-03-02"]
        let periods = names.map { KeyPeriod($0)! }
        for period in periods { _ = try store.dataKey(period, create: true) }
        _ = try other.dataKey(periods[1], create: false)
        #expect(try store.destroy(until: moment("2026-03-02T07:30:00Z")) == [periods[0], periods[1]])
        for store in [store, other, try KeyStore(folder: folder, create: false)] {
            for period in periods[..<2] + [KeyPeriod("2026-03-02T0700Z-30m")!] {
                #expect(throws: CustodyError.self) { _ = try store.dataKey(period, create: true) }
            }
            for period in periods[2...] { _ = try store.dataKey(period, create: false) }
        }
        // An earlier moment takes nothing back.
        #expect(try store.destroy(until: moment("2026-03-01T00:00:00Z")).isEmpty)
        #expect(store.inventory().destroyedUntil == moment("2026-03-02T07:30:00Z"))
        #expect(throws: CustodyError.self) { _ = try other.dataKey(periods[1], create: true) }
    }

    @Test func `a signing key that others can read is refused, and a lost one is not made quietly`() throws {
        #expect(throws: SignatureError.noKey(path: "\(folder)/signing.key")) {
            _ = try SigningKey(folder: folder, create: false)
        }
        let key = try SigningKey(folder: folder, create: true)
        let again = try SigningKey(folder: folder, create: true)
        #expect(key.publicKey == again.publicKey)
        let verifier = try #require(SignatureVerifier(publicKey: key.publicKey))
        #expect(verifier.accepts(key.signature(of: [1, 2, 3]), of: [1, 2, 3]))
        #expect(!verifier.accepts(key.signature(of: [1, 2, 3]), of: [1, 2, 4]))
        chmod("\(folder)/signing.key", 0o644)
        #expect(throws: SignatureError.keyTooOpen(path: "\(folder)/signing.key", mode: "0644")) {
            _ = try SigningKey(folder: folder, create: false)
        }
    }
}
