/// A growing run of bytes in which numbers are little-endian, as MCAP has them. One owner.
struct RecordingBytes: ~Copyable, @unchecked Sendable {
    private var memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(capacity: Int = 4096) { memory = .allocate(byteCount: max(64, capacity), alignment: 16) }
    deinit { memory.deallocate() }

    /// Valid until the next change.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[..<count]) }

    mutating func clear() { count = 0 }

    /// Drops everything from this count on.
    mutating func shorten(to count: Int) { self.count = min(self.count, count) }

    /// Room for so many bytes behind what is there; say with ``grow(by:)`` how many were written.
    mutating func room(_ more: Int) -> UnsafeMutableRawBufferPointer {
        if memory.count - count < more {
            let larger = UnsafeMutableRawBufferPointer.allocate(
                byteCount: max(memory.count * 2, count + more), alignment: 16)
            larger.copyMemory(from: bytes)
            memory.deallocate()
            memory = larger
        }
        return UnsafeMutableRawBufferPointer(rebasing: memory[count...])
    }

    mutating func grow(by more: Int) { count += more }

    mutating func append<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
        room(MemoryLayout<Value>.size).storeBytes(of: value.littleEndian, as: Value.self)
        count += MemoryLayout<Value>.size
    }

    mutating func append(_ raw: UnsafeRawBufferPointer) {
        room(raw.count).copyMemory(from: raw)
        count += raw.count
    }

    mutating func append(_ raw: [UInt8]) { raw.withUnsafeBytes { append($0) } }

    /// With its length in 32 bits.
    mutating func append(text: String) {
        var text = text
        text.withUTF8 { utf8 in
            append(UInt32(utf8.count))
            append(UnsafeRawBufferPointer(utf8))
        }
    }

    /// With their length in bytes, in 32 bits.
    mutating func append(pairs: [RecordingPair]) {
        let at = count
        append(UInt32(0))
        for pair in pairs {
            append(text: pair.name)
            append(text: pair.value)
        }
        patch(UInt32(count - at - 4), at: at)
    }

    /// A whole record: opcode, length, and what the body appends.
    mutating func record(_ opcode: UInt8, _ body: (inout RecordingBytes) -> Void) {
        append(opcode)
        let at = count
        append(UInt64(0))
        body(&self)
        patch(UInt64(count - at - 8), at: at)
    }

    mutating func patch<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value, at offset: Int) {
        memory.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
    }
}
