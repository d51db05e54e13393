public import Traffic

/// W3C trace context of one frame.
///
/// One frame is one trace, derived from the frame's identity: whichever process handles it, before or after a
/// restart, it names the same trace without being told.
public enum Trace {
    /// `00-<trace id>-<parent id>-01`, as in the header `traceparent`.
    ///
    /// - Parameter step: What the record is, for example its message type; gives the parent id.
    public static func parent(of frame: FrameID, step: String) -> String {
        let identity = "gantry-trace/1\0\(frame.camera.text)\0\(frame.epoch)\0\(frame.frame)"
        let trace = hash(identity), span = UInt64(truncatingIfNeeded: hash(identity + "\0" + step))
        // All zeros means "invalid" in the standard.
        return "00-\(hexadecimal(trace == 0 ? 1 : trace, 32))-\(hexadecimal(UInt128(span == 0 ? 1 : span), 16))-01"
    }

    /// FNV-1a over 128 bits: stable everywhere and good enough to tell frames apart; nothing secret hangs on it.
    private static func hash(_ text: String) -> UInt128 {
        var hash: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
        for byte in text.utf8 {
            hash ^= UInt128(byte)
            hash &*= 0x0000_0000_0100_0000_0000_0000_0000_013b
        }
        return hash
    }

    private static func hexadecimal(_ value: UInt128, _ digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: digits - text.count) + text
    }
}
