import Foundation

/// Which wrapping key a folder's keys are wrapped with, and since when.
struct WrappingMark {
    static let name = "wrapping.state"
    let id: String
    /// To the second.
    let since: Date

    init(_ key: WrappingKey, since: Date) {
        id = key.id
        self.since = since
    }

    /// Nil for a folder that an older build made.
    init?(_ folder: KeyFolder) throws(CustodyError) {
        guard let bytes = try folder.read(Self.name) else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard lines.count == 3, lines[0] == "gantry-wrapping/1", lines[1].hasPrefix("key "),
            lines[2].hasPrefix("since "), let seconds = Double(lines[2].dropFirst(6))
        else { throw .unreadableKey(path: folder.file(Self.name), reason: "it is not in format gantry-wrapping/1") }
        id = String(lines[1].dropFirst(4))
        since = Date(timeIntervalSince1970: seconds)
    }

    var bytes: [UInt8] {
        Array("gantry-wrapping/1\nkey \(id)\nsince \(Int(since.timeIntervalSince1970))\n".utf8)
    }
}
