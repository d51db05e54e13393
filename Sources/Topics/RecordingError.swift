/// Why a recording can't be read or written.
///
/// Codes are stable: `REC10x` opening, `REC11x` what lies in the file, `REC12x` writing. Offsets are bytes from the
/// start of the file.
public enum RecordingError: CodedError, Equatable {
    case unreadable(path: String, detail: String)
    case notARecording(path: String, detail: String)
    case compression(String, offset: Int)

    /// The file ends, or is all zeros from here on, before its end was written. All before it was given.
    case truncated(path: String, offset: Int)
    /// A checksum differs. What it covers was not given; reading goes on behind it.
    case checksum(of: String, offset: Int, stored: UInt32, computed: UInt32)
    /// Bytes that are not what the format asks for. Reading goes on behind them.
    case damaged(String, offset: Int)
    /// A message of a channel that nothing declared. Reading goes on behind it.
    case unknownChannel(Int, offset: Int)
    /// A length that no honest recording has.
    case tooLarge(String, bytes: UInt64, limit: Int, offset: Int)

    case exists(path: String)
    case unknownType(String, topic: String)
    case messageTooLarge(topic: String, bytes: Int, limit: Int)
    /// Nothing of what could not be written remains in the file: its first `bytes` bytes are whole records.
    case unwritable(path: String, bytes: Int, detail: String)
    case tooMany(String, limit: Int)

    public var code: String {
        switch self {
        case .unreadable: "REC101"
        case .notARecording: "REC102"
        case .compression: "REC103"
        case .truncated: "REC111"
        case .checksum: "REC112"
        case .damaged: "REC113"
        case .unknownChannel: "REC114"
        case .tooLarge: "REC115"
        case .exists: "REC121"
        case .unknownType: "REC122"
        case .messageTooLarge: "REC123"
        case .unwritable: "REC124"
        case .tooMany: "REC125"
        }
    }

    /// Where in the file; nil for what has no place there.
    public var offset: Int? {
        switch self {
        case .compression(_, let offset), .truncated(_, let offset), .checksum(_, let offset, _, _),
            .damaged(_, let offset), .unknownChannel(_, let offset), .tooLarge(_, _, _, let offset):
            offset
        case .unreadable, .notARecording, .exists, .unknownType, .messageTooLarge, .unwritable, .tooMany: nil
        }
    }

    /// Whether a reader that threw it has nothing more to give.
    public var isLast: Bool {
        switch self {
        case .truncated, .unreadable: true
        default: false
        }
    }

    public var reason: String {
        switch self {
        case .unreadable(let path, let detail): "\(path) can't be read: \(detail)."
        case .notARecording(let path, let detail):
            "\(path) is no MCAP recording: \(detail). `gantry record` and `gantry run --record` write them."
        case .compression(let name, let offset):
            "the chunk at byte \(offset) is compressed with \(name.debugDescription); zstd and none are read. Convert the file: `mcap compress --compression zstd IN.mcap -o OUT.mcap`."
        case .truncated(let path, let offset):
            "\(path) is cut off: byte \(offset) starts a record that is not whole. All before it can be read; `gantry recording repair` writes it to a whole file."
        case .checksum(let what, let offset, let stored, let computed):
            "the checksum of \(what) at byte \(offset) is wrong: stored \(stored.hexadecimal), computed \(computed.hexadecimal). Bytes were changed after writing; take another copy, or keep the rest with `gantry recording repair`."
        case .damaged(let what, let offset):
            "\(what) (at byte \(offset)). Bytes were changed after writing, or another program wrote them so; `gantry recording validate` lists everything."
        case .unknownChannel(let id, let offset):
            "the message at byte \(offset) is of channel \(id), which nothing before it declares. A damaged part of the file may have; `gantry recording validate` lists everything."
        case .tooLarge(let what, let bytes, let limit, let offset):
            "\(what) at byte \(offset) claims \(bytes) bytes; at most \(limit) are read. The length is damaged, or the file was written with far larger chunks: write it anew with chunks of 1 MiB."
        case .exists(let path): "\(path) is there already. Choose another name, or remove it first."
        case .unknownType(let type, let topic):
            type.isEmpty
                ? "a record for \(topic) has no header gantry-type, so its message has no known schema. Look for a foreign producer on this topic."
                : "a record for \(topic) is a \(type), for which this build has no schema. Record with the build that wrote it."
        case .messageTooLarge(let topic, let bytes, let limit):
            "a record for \(topic) has \(bytes) bytes; a recording takes at most \(limit)."
        case .unwritable(let path, let bytes, let detail):
            "\(path) can't be written beyond its \(bytes) bytes: \(detail). Make room, then `gantry recording repair` makes what is there a whole file."
        case .tooMany(let what, let limit): "a recording holds at most \(limit) \(what). Start another file."
        }
    }
}

extension UInt32 {
    /// Eight digits, as checksums are printed.
    var hexadecimal: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
