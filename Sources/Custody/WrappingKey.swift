import Crypto
import Foundation

/// A key that wraps others.
struct WrappingKey: Sendable {
    let key: SymmetricKey
    /// Tells it from others and nothing else of it: 16 hexadecimal digits.
    let id: String

    init(_ bytes: some ContiguousBytes) {
        key = SymmetricKey(data: bytes)
        let digest = HMAC<SHA256>.authenticationCode(for: Array("gantry-wrapping-id/1".utf8), using: key)
        id = Custody.hexadecimal(digest.prefix(8))
    }

    static func fresh() -> WrappingKey { WrappingKey(SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }) }

    var bytes: [UInt8] { key.withUnsafeBytes { Array($0) } }

    static let header = Array("gantry-key/1\n".utf8)

    /// As ``WrappingKeySource`` writes and reads them; nil for anything but one key or two.
    static func list(_ bytes: [UInt8]) -> [WrappingKey]? {
        if bytes.starts(with: header) {
            let rest = Array(bytes.dropFirst(header.count))
            guard rest.count == 32 || rest.count == 64 else { return nil }
            return stride(from: 0, to: rest.count, by: 32).map { WrappingKey(Array(rest[$0..<$0 + 32])) }
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        let keys = lines.compactMap { line -> WrappingKey? in
            let digits = Array(line.utf8)
            let read = digits.count == 64 ? hexadecimal(digits) : Data(base64Encoded: String(line)).map { Array($0) }
            return read.flatMap { $0.count == 32 ? WrappingKey($0) : nil }
        }
        return (1...2).contains(lines.count) && keys.count == lines.count ? keys : nil
    }

    static func file(_ keys: [WrappingKey]) -> [UInt8] { header + keys.flatMap(\.bytes) }

    private static func hexadecimal(_ digits: [UInt8]) -> [UInt8]? {
        let values = digits.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard values.count == digits.count else { return nil }
        return stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
    }
}
