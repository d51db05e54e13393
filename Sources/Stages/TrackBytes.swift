/// Writes values as bytes, for snapshots.
struct TrackBytes {
    private(set) var bytes: [UInt8] = []

    mutating func raw(_ more: [UInt8]) { bytes += more }

    mutating func unsigned(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func signed(_ value: Int64) { unsigned(UInt64(bitPattern: value << 1 ^ value >> 63)) }

    mutating func number(_ value: Double) {
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(value.bitPattern >> UInt64(shift) & 0xff)) }
    }

    mutating func blob(_ value: [UInt8]) {
        unsigned(UInt64(value.count))
        bytes += value
    }

    mutating func text(_ value: String) { blob(Array(value.utf8)) }

    mutating func optional<Value>(_ value: Value?, _ write: (inout TrackBytes, Value) -> Void) {
        bytes.append(value == nil ? 0 : 1)
        if let value { write(&self, value) }
    }

    mutating func list<Value>(_ values: [Value], _ write: (inout TrackBytes, Value) -> Void) {
        unsigned(UInt64(values.count))
        for value in values { write(&self, value) }
    }

    /// FNV-1a over the bytes, 8 of its own.
    static func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return (0..<8).map { UInt8(hash >> UInt64($0 * 8) & 0xff) }
    }
}

/// Reads what ``TrackBytes`` wrote, and refuses everything else.
struct TrackByteReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    private mutating func byte() throws(SnapshotError) -> UInt8 {
        guard let byte = rest.popFirst() else { throw .corrupt("it ends too early") }
        return byte
    }

    mutating func unsigned() throws(SnapshotError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            guard shift < 63 || next <= 1 else { throw .corrupt("an integer is too long") }
            value |= UInt64(next & 0x7f) << shift
            if next < 0x80 { return value }
            shift += 7
        }
    }

    mutating func signed() throws(SnapshotError) -> Int64 {
        let value = try unsigned()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    mutating func integer() throws(SnapshotError) -> Int { Int(try signed()) }

    /// An integer that counts something: not negative, and far from the largest.
    mutating func count() throws(SnapshotError) -> Int {
        let value = try integer()
        guard (0...1 << 48).contains(value) else { throw .corrupt("a count is \(value)") }
        return value
    }

    /// Finite.
    mutating func number() throws(SnapshotError) -> Double {
        var bits: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 8) { bits |= UInt64(try byte()) << UInt64(shift) }
        let value = Double(bitPattern: bits)
        guard value.isFinite, abs(value) < 1e30 else { throw .corrupt("a number is \(value)") }
        return value
    }

    /// A number of 0...1.
    mutating func share() throws(SnapshotError) -> Double {
        let value = try number()
        guard (0...1).contains(value) else { throw .corrupt("a share is \(value)") }
        return value
    }

    mutating func blob() throws(SnapshotError) -> [UInt8] {
        let count = try unsigned()
        guard count <= UInt64(rest.count) else { throw .corrupt("it ends too early") }
        let bytes = Array(rest.prefix(Int(count)))
        rest = rest.dropFirst(Int(count))
        return bytes
    }

    mutating func text() throws(SnapshotError) -> String {
        guard let text = String(validating: try blob(), as: UTF8.self) else { throw .corrupt("a text is not UTF-8") }
        return text
    }

    mutating func optional<Value>(
        _ read: (inout TrackByteReader) throws(SnapshotError) -> Value
    ) throws(SnapshotError) -> Value? {
        switch try byte() {
        case 0: return nil
        case 1: return try read(&self)
        case let flag: throw .corrupt("a flag is \(flag)")
        }
    }

    mutating func list<Value>(
        _ read: (inout TrackByteReader) throws(SnapshotError) -> Value
    ) throws(SnapshotError) -> [Value] {
        // Every element takes at least a byte.
        let count = try unsigned()
        guard count <= UInt64(rest.count) else { throw .corrupt("a list is longer than the snapshot") }
        var values: [Value] = []
        for _ in 0..<Int(count) { values.append(try read(&self)) }
        return values
    }

    func end() throws(SnapshotError) {
        guard rest.isEmpty else { throw .corrupt("\(rest.count) bytes follow its end") }
    }
}
