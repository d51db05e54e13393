import Traffic

/// Rows in the binary format of `COPY`, cut into pieces that can be sent.
///
/// Source: PostgreSQL 15, "COPY", "Binary Format".
struct CopyBinary {
    private(set) var bytes: [UInt8] = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00, 0, 0, 0, 0, 0, 0, 0, 0]

    /// What has been encoded since the last call.
    mutating func take() -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes
    }

    mutating func beginRow(fields: Int16) { raw(fields) }
    mutating func end() { raw(Int16(-1)) }

    mutating func append(_ value: Int32?) {
        guard let value else { return null() }
        raw(Int32(4))
        raw(value)
    }

    mutating func append(_ value: Int64) {
        raw(Int32(8))
        raw(value)
    }

    mutating func append(_ value: Float?) {
        guard let value else { return null() }
        raw(Int32(4))
        raw(value.bitPattern)
    }

    mutating func append(_ value: Bool) {
        raw(Int32(1))
        bytes.append(value ? 1 : 0)
    }

    mutating func append(_ value: [UInt8]?) {
        guard let value else { return null() }
        raw(Int32(value.count))
        bytes += value
    }

    mutating func append(_ value: String?) { append(value.map { Array($0.utf8) }) }

    /// Microseconds since 2000-01-01 UTC, rounded down.
    mutating func append(_ time: EventTime) {
        let microseconds = time.nanoseconds / 1000 - (time.nanoseconds % 1000 < 0 ? 1 : 0)
        append(microseconds - 946_684_800_000_000)
    }

    private mutating func null() { raw(Int32(-1)) }

    private mutating func raw(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes += $0 }
    }
}
