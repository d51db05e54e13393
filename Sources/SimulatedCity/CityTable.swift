internal import Foundation
internal import Traffic

/// A CSV file, written row by row, compressed by the program `zstd` when asked.
final class CityTable {
    private let path: String
    private let file: UnsafeMutablePointer<FILE>
    private let isPipe: Bool
    private var buffer: [UInt8] = []
    private var day: (number: Int64, text: [UInt8]) = (-1, [])
    private var isFirst = true

    /// - Parameters:
    ///   - path: Without `.zst`.
    ///   - header: The first line: names of columns, separated by commas.
    init(_ path: String, header: String, compressed: Bool) throws(CityError) {
        self.path = compressed ? path + ".zst" : path
        isPipe = compressed
        let quoted = "'" + self.path.replacingOccurrences(of: "'", with: "'\\''") + "'"
        guard let file = compressed ? popen("zstd -q -f -3 -o \(quoted)", "w") : fopen(path, "w") else {
            throw .unwritable(path: self.path, detail: String(cString: strerror(errno)))
        }
        self.file = file
        buffer.reserveCapacity(1 << 17)
        buffer += Array(header.utf8) + [10]
    }

    func add(_ number: Int) {
        separate()
        if number < 0 { return buffer.append(contentsOf: String(number).utf8) }
        digits(number, 1)
    }

    func add(_ text: String) {
        separate()
        buffer.append(contentsOf: text.utf8)
    }

    /// Bytes as hexadecimal digits.
    func add(hexadecimal bytes: [UInt8]) {
        separate()
        let digits = Array("0123456789abcdef".utf8)
        for byte in bytes {
            buffer.append(digits[Int(byte >> 4)])
            buffer.append(digits[Int(byte & 15)])
        }
    }

    /// - Parameter time: Milliseconds since 1970; written as RFC 3339 in UTC.
    func add(time: Int64) {
        separate()
        let number = time / 86_400_000
        if number != day.number {
            let text = EventTime(nanoseconds: number * 86_400_000_000_000).rfc3339
            day = (number, Array(text.utf8.prefix(11)))
        }
        let rest = Int(time % 86_400_000)
        buffer += day.text
        digits(rest / 3_600_000, 2)
        buffer.append(58)
        digits(rest / 60_000 % 60, 2)
        buffer.append(58)
        digits(rest / 1000 % 60, 2)
        buffer.append(46)
        digits(rest % 1000, 3)
        buffer.append(90)
    }

    func end() throws(CityError) {
        buffer.append(10)
        isFirst = true
        if buffer.count > 1 << 16 { try flush() }
    }

    /// Waits until everything is in the file.
    func finish() throws(CityError) {
        try flush()
        let status = isPipe ? pclose(file) : fclose(file)
        guard status == 0 else {
            throw .unwritable(path: path, detail: isPipe ? "zstd ended with status \(status)" : "it can't be closed")
        }
    }

    private func flush() throws(CityError) {
        guard fwrite(buffer, 1, buffer.count, file) == buffer.count else {
            throw .unwritable(path: path, detail: String(cString: strerror(errno)))
        }
        buffer.removeAll(keepingCapacity: true)
    }

    private func separate() {
        if !isFirst { buffer.append(44) }
        isFirst = false
    }

    /// With zeros in front up to so many digits.
    private func digits(_ number: Int, _ least: Int) {
        var reversed: [UInt8] = []
        var rest = number
        while rest > 0 || reversed.count < least {
            reversed.append(UInt8(48 + rest % 10))
            rest /= 10
        }
        buffer.append(contentsOf: reversed.reversed())
    }
}
