import Foundation
import Testing
import Traffic

@testable import Custody

@Suite struct RotationTests {
    let scratch = Scratch()
    static let days = ["2026-03-02", "2026-03-03", "2026-03-04"].map { Day($0)! }

    /// Keys of three days and an epoch.
    private func filled() throws -> KeyStore {
        let store = try KeyStore(folder: scratch.keys, create: true)
        for day in Self.days { _ = try store.dayKey(day, create: true) }
        _ = try Vault(keys: store).tokens(of: PlateText("ABC234")!, in: TokenEpoch(number: 3), create: true)
        return store
    }

    private func file(_ name: String) -> Data { FileManager.default.contents(atPath: "\(scratch.keys)/\(name)")! }

    @Test func `a rotation wraps every key anew and changes none`() throws {
        let store = try filled()
        let before = try Self.days.map { try store.dayKey($0, create: false) }
        let names = store.folder.names().filter { $0.hasSuffix(".key") }
        let files = names.map { file($0) }
        #expect(try store.rotate().keys == names.count - 1)
        #expect(zip(names, files).allSatisfy { file($0) != $1 })
        #expect(file("wrapping.key").count == files[names.firstIndex(of: "wrapping.key")!].count)
        let fresh = try KeyStore(folder: scratch.keys, create: false)
        #expect(try Self.days.map { try fresh.dayKey($0, create: false) } == before)
        #expect(try fresh.openAll().contains("5 keys"))
    }

    /// Goal: a folder opens whenever a rotation was killed, and the next one leaves nothing that the old key opens.
    /// Method: a child process kills itself at each step.
    @Test(arguments: 0..<8)
    func `a rotation that is killed leaves keys that open, and the next one ends it`(step: Int) async throws {
        let store = try filled()
        let before = try Self.days.map { try store.dayKey($0, create: false) }
        let old = file("wrapping.key")
        let path = scratch.keys
        await #expect(processExitsWith: .signal(SIGKILL), "step \(step)") {
            [path = path as String, step = step as Int] in
            var left = step
            _ = try KeyStore(folder: path, create: false).rotate { _ in
                if left == 0 { raise(SIGKILL) }
                left -= 1
            }
        }
        let opened = try KeyStore(folder: scratch.keys, create: true)
        #expect(try Self.days.map { try opened.dayKey($0, create: false) } == before)
        // Nor is it worse for writers: whoever opens the folder reads what they add.
        let next = Day("2026-03-05")!
        let added = try store.dayKey(next, create: true)
        #expect(try KeyStore(folder: scratch.keys, create: false).dayKey(next, create: false) == added)

        // A draft of a file of keys that a killed process left behind.
        try old.write(to: URL(filePath: "\(scratch.keys)/wrapping.key.77.88"))
        _ = try opened.rotate()
        #expect(!opened.folder.names().contains("wrapping.key.77.88"))
        #expect(file("wrapping.key").count == old.count)
        #expect(try KeyStore(folder: scratch.keys, create: false).openAll().contains("6 keys"))
        let formerly = WrappingKey.list(Array(old))![0]
        for name in KeyStore.wrappedNames(opened.folder) {
            #expect(opened.unwrap(Array(file(name)), name: String(name.dropLast(4)), by: formerly) == nil)
        }
    }

    @Test func `a process that shares the folder goes on over a rotation, and what it adds opens`() throws {
        let stage = try filled()
        // Opened before, and asked for nothing yet.
        let idle = try KeyStore(folder: scratch.keys, create: false)
        let rotating = try KeyStore(folder: scratch.keys, create: false)
        let key = try stage.dayKey(Self.days[0], create: false)
        for _ in 0..<2 { _ = try rotating.rotate() }
        #expect(try stage.dayKey(Self.days[0], create: true) == key)
        #expect(try idle.dayKey(Self.days[0], create: false) == key)
        let next = Day("2026-03-05")!
        let added = try stage.dayKey(next, create: true)
        #expect(try KeyStore(folder: scratch.keys, create: false).dayKey(next, create: false) == added)
    }

    @Test func `readers and writers beside many rotations find every key`() async throws {
        _ = try filled()
        let path = scratch.keys
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let store = try KeyStore(folder: path, create: false)
                for _ in 0..<30 { _ = try store.rotate() }
            }
            for worker in 0..<3 {
                group.addTask {
                    for number in 0..<20 {
                        let store = try KeyStore(folder: path, create: true)
                        _ = try store.dayKey(Self.days[0], create: false)
                        _ = try store.dayKey(Day(number: Int32(1000 * worker + number)), create: true)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try KeyStore(folder: scratch.keys, create: false).openAll().contains("65 keys"))
    }

    /// What protects a destroyed key from a backup of the folder: the wrapping key elsewhere, changed since.
    @Test func `a destroyed key that comes back from a backup does not open after the rotation`() throws {
        let source = WrappingKeySource.file("\(scratch.path)/elsewhere.key")
        let store = try KeyStore(folder: scratch.keys, create: true, wrappedBy: source)
        let vault = Vault(keys: store)
        let sealed = try vault.seal(text: PlateText("ABC234")!, at: place())
        let backup = file("day-2026-03-02.key")
        let record = try store.destroy(.day(Self.days[0]), by: "keeper", reason: "retention")
        #expect(try store.destructions() == [record] && record.key == "day-2026-03-02")
        try FileManager.default.removeItem(atPath: "\(scratch.keys)/day-2026-03-02.destroyed")
        try backup.write(to: URL(filePath: "\(scratch.keys)/day-2026-03-02.key"))
        chmod("\(scratch.keys)/day-2026-03-02.key", 0o600)
        // Before the rotation it does: that is what the rotation is for.
        let early = Vault(keys: try KeyStore(folder: scratch.keys, create: false, wrappedBy: source))
        #expect(try early.open(text: sealed, at: place()).text == "ABC234")
        try FileManager.default.removeItem(atPath: "\(scratch.keys)/day-2026-03-02.key")
        _ = try store.rotate()
        try backup.write(to: URL(filePath: "\(scratch.keys)/day-2026-03-02.key"))
        chmod("\(scratch.keys)/day-2026-03-02.key", 0o600)
        let late = Vault(keys: try KeyStore(folder: scratch.keys, create: false, wrappedBy: source))
        #expect {
            _ = try late.open(text: sealed, at: place())
        } throws: {
            ($0 as? CustodyError)?.code == "CUS103"
        }
    }

    @Test func `only a key that was here is destroyed, and an unfinished line of the record hides no other`() throws {
        let store = try filled()
        #expect(throws: CustodyError.unknownKey(name: "day-2026-03-09")) {
            _ = try store.destroy(.day(Day("2026-03-09")!), by: "keeper", reason: "retention")
        }
        #expect(try store.destructions().isEmpty)
        _ = try store.destroy(.day(Self.days[0]), by: "keeper", reason: "first")
        try store.folder.append("destroyed.log", Array(#"{"id": "unfinis"#.utf8))
        _ = try store.destroy(.epoch(TokenEpoch(number: 3)), by: "keeper", reason: "second")
        #expect(try store.destructions().map(\.reason) == ["first", "second"])
        #expect(store.inventory().epochs.isEmpty && !store.has(.day(Self.days[0])))
    }
}

@Suite struct WrappingKeySourceTests {
    let scratch = Scratch()
    static let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

    static let written: [(String, WrappingKeySource?)] = [
        ("file:/etc/gantry/key", .file("/etc/gantry/key")), ("credential:gantry", .credential("gantry")),
        ("command:cat a:b", .command("cat a:b")), ("credential:../key", nil), ("credential:..", nil), ("file:", nil),
        ("vault:key", nil), ("/etc/key", nil), ("", nil),
    ]

    @Test(arguments: written)
    func `a source is read as it is written`(text: String, source: WrappingKeySource?) {
        #expect(WrappingKeySource(text) == source)
    }

    @Test func `keys are read as base64, as hexadecimal digits and as they are stored, and nothing else is one`() {
        let bytes = Array("0123456789abcdef0123456789abcdef".utf8)
        let hexadecimal = bytes.map { String($0, radix: 16) }.joined()
        let one = WrappingKey(bytes)
        for text in [Self.key, hexadecimal, "\(Self.key)\n", "  \(hexadecimal)\r\n"] {
            #expect(WrappingKey.list(Array(text.utf8))?.map(\.bytes) == [bytes])
        }
        #expect(WrappingKey.list(WrappingKey.file([one]))?.map(\.id) == [one.id])
        let two = WrappingKey.list(Array("\(Self.key) \(String(hexadecimal.reversed()))".utf8))
        #expect(two?.count == 2 && two?[0].id == one.id && two?[1].id != one.id)
        for text in ["", "secret", "\(Self.key) secret", "\(Self.key)\n\(Self.key)\n\(Self.key)", hexadecimal + "0"] {
            #expect(WrappingKey.list(Array(text.utf8)) == nil, "\(text)")
        }
    }

    @Test func `a command that prints the key opens what it wraps, and another key does not`() throws {
        let source = WrappingKeySource.command("echo \(Self.key)")
        _ = try KeyStore(folder: scratch.keys, create: true, wrappedBy: source).dayKey(Day("2026-03-02")!, create: true)
        #expect(!FileManager.default.fileExists(atPath: "\(scratch.keys)/wrapping.key"))
        #expect(try KeyStore(folder: scratch.keys, create: false, wrappedBy: source).openAll().contains("1 keys"))
        let other = WrappingKeySource.command("echo \(String(Self.key.reversed()).replacing("=", with: "") + "=")")
        #expect {
            _ = try KeyStore(folder: scratch.keys, create: true, wrappedBy: other)
        } throws: {
            ($0 as? CustodyError)?.code == "CUS110"
        }
        // Nor does a folder whose source was forgotten begin with a new one.
        #expect {
            _ = try KeyStore(folder: scratch.keys, create: true)
        } throws: {
            ($0 as? CustodyError)?.code == "CUS109"
        }
    }

    @Test func `a source that can't be written is rotated by its owner`() throws {
        let file = "\(scratch.path)/vault"
        let source = WrappingKeySource.command("cat '\(file)'")
        try FileManager.default.createDirectory(atPath: scratch.path, withIntermediateDirectories: true)
        try Data(Self.key.utf8).write(to: URL(filePath: file))
        let store = try KeyStore(folder: scratch.keys, create: true, wrappedBy: source)
        let key = try store.dayKey(Day("2026-03-02")!, create: true)
        #expect(throws: CustodyError.cannotRotate(source: "\(source)")) { _ = try store.rotate() }
        let new = String(repeating: "0f", count: 32)
        try Data("\(new)\n\(Self.key)\n".utf8).write(to: URL(filePath: file))
        #expect(try store.rotate().isOldKeyLeft)
        try Data(new.utf8).write(to: URL(filePath: file))
        let later = try KeyStore(folder: scratch.keys, create: false, wrappedBy: source)
        #expect(try later.dayKey(Day("2026-03-02")!, create: false) == key)
    }

    @Test func `a command that fails or hangs says why, without what it printed`() throws {
        guard
            case .failure(let failed) = ShellCommand.output(of: "echo SECRET; echo 'no token' >&2; exit 3", seconds: 5)
        else { throw CustodyError.notAuthentic }
        #expect(failed.reason == "it ended with status 3: no token")
        let file = "/tmp/gantry-hung-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: file) }
        let hanging = "echo 'no route' >&2; tail -f /dev/null & echo $! > \(file); wait"
        guard case .failure(let hung) = ShellCommand.output(of: hanging, seconds: 1) else {
            throw CustodyError.notAuthentic
        }
        // What it started is gone with it, or about to be.
        let child = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")[0]
        let state = try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8)
        #expect(state?.split(separator: " ")[2] != "S")
        #expect(hung.reason == "it was not done within 1 s: no route")
    }

    @Test func `a wrapping key in a file elsewhere is its owner's alone, and a lost one is not made anew`() throws {
        let path = "\(scratch.path)/elsewhere.key"
        let source = WrappingKeySource.file(path)
        _ = try KeyStore(folder: scratch.keys, create: true, wrappedBy: source).dayKey(Day("2026-03-02")!, create: true)
        #expect(!FileManager.default.fileExists(atPath: "\(scratch.keys)/wrapping.key"))
        chmod(path, 0o640)
        #expect(throws: CustodyError.permissionsTooOpen(path: path, mode: "0640")) {
            _ = try KeyStore(folder: scratch.keys, create: false, wrappedBy: source)
        }
        try FileManager.default.removeItem(atPath: path)
        for create in [false, true] {
            #expect {
                _ = try KeyStore(folder: scratch.keys, create: create, wrappedBy: source)
            } throws: {
                ($0 as? CustodyError)?.code == "CUS109"
            }
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `a folder that an older build made opens, and takes part in rotations`() throws {
        let store = try KeyStore(folder: scratch.keys, create: true)
        let key = try store.dayKey(Day("2026-03-02")!, create: true)
        try FileManager.default.removeItem(atPath: "\(scratch.keys)/wrapping.state")
        let opened = try KeyStore(folder: scratch.keys, create: false)
        #expect(try opened.wrappedSince() == nil)
        _ = try opened.rotate()
        #expect(try opened.wrappedSince() != nil)
        #expect(try KeyStore(folder: scratch.keys, create: false).dayKey(Day("2026-03-02")!, create: false) == key)
    }
}
