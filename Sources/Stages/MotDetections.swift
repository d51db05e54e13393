public import Traffic

/// Detections in the text format of the MOT Challenge, one a line: frame, id, x, y, w, h, score, and what may follow.
///
/// Frames count from 1 (0 is taken too), boxes are pixels from the top left. Columns are parted by commas, semicolons,
/// blanks or tabs; the id and everything after the score are not looked at; the score may be missing. Lines may come in
/// any order; empty ones are skipped. Source: Milan and others, "MOT16: a benchmark for multi-object tracking", 2016.
public struct MotDetections: Sendable {
    public struct Row: Sendable {
        public var frame: Int
        public var box: Box
        /// As given; nil when the line has no such column.
        public var score: Double?
        /// Where x to the score stand in ``MotDetections/text``: they are written again as they were.
        var place: Range<Int>
    }

    let text: [UInt8]
    /// By frame; within one, as they came.
    public let rows: [Row]

    /// - Throws: ``MotError/line(_:_:)`` for the first line that can't be used.
    public init(text: [UInt8]) throws(MotError) {
        self.text = text
        var rows: [Row] = []
        rows.reserveCapacity(text.count / 36)
        var reader = MotLineReader(text)
        var sorted = true
        while let row = try reader.next() {
            if let last = rows.last, row.frame < last.frame { sorted = false }
            rows.append(row)
        }
        if !sorted {
            let order = rows.indices.sorted {
                rows[$0].frame != rows[$1].frame ? rows[$0].frame < rows[$1].frame : $0 < $1
            }
            rows = order.map { rows[$0] }
        }
        self.rows = rows
    }
}

/// Why a file in the format of the MOT Challenge can't be used. Codes `MOT1xx` are stable.
public enum MotError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A line, from 1, and what is wrong with it.
    case line(Int, String)
    /// A seqinfo.ini without a usable frame rate.
    case sequence(String)
    /// A file that can't be read, or not be written, and why.
    case unreadable(String)
    case unwritable(String, why: String)

    public var description: String {
        switch self {
        case .line(let number, let what):
            """
            MOT101 line \(number): \(what). Expected is frame,id,x,y,w,h,score with frames from 1 and boxes in pixels, \
            for example 1,-1,912.5,484,97,109,0.93; the id may be -1, the score may be missing. Mend or remove the line.
            """
        case .sequence(let what):
            "MOT102 \(what). Expected is a line frameRate=N in a seqinfo.ini; or give the rate with --fps N."
        case .unreadable(let path):
            "MOT103 can't read \(path). Give a text file that is there, or - for standard input."
        case .unwritable(let path, let why):
            "MOT104 can't write \(path): \(why). Give a file in a folder that is there, or - for standard output."
        }
    }
}

/// Goes through the bytes once. Numbers are decimal; what the quick way can't read exactly goes to the standard library.
private struct MotLineReader {
    private let text: [UInt8]
    private var place = 0
    private var line = 0

    init(_ text: [UInt8]) {
        self.text = text
        if text.starts(with: [0xef, 0xbb, 0xbf]) { place = 3 }
    }

    /// The next line that is not empty; nil at the end.
    mutating func next() throws(MotError) -> MotDetections.Row? {
        while place < text.count {
            line += 1
            skipBlanks()
            if place < text.count, !isEnd(text[place]) { return try row() }
            skipLine()
        }
        return nil
    }

    private mutating func row() throws(MotError) -> MotDetections.Row {
        let frame = try number("the frame")
        guard frame >= 0, frame <= 1e9, frame == frame.rounded() else {
            throw .line(line, "\(frame) is no frame number")
        }
        _ = try number("the id")
        let start = place
        let x = try number("x")
        let y = try number("y")
        let width = try number("w")
        let height = try number("h")
        var score: Double?
        var end = place
        if place < text.count, !isEnd(text[place]) {
            score = try number("the score")
            end = place
        }
        while end > start, isGap(text[end - 1]) { end -= 1 }
        skipLine()
        return MotDetections.Row(
            frame: Int(frame), box: Box(x: x, y: y, width: width, height: height), score: score, place: start..<end)
    }

    private func isEnd(_ byte: UInt8) -> Bool { byte == 10 || byte == 13 }
    private func isGap(_ byte: UInt8) -> Bool { byte == 44 || byte == 32 || byte == 9 || byte == 59 }

    private mutating func skipBlanks() {
        while place < text.count, text[place] == 32 || text[place] == 9 { place += 1 }
    }

    private mutating func skipLine() {
        while place < text.count, text[place] != 10 { place += 1 }
        place += 1
    }

    /// Reads a number and the gap after it: blanks, and at most one comma or semicolon among them.
    private mutating func number(_ name: String) throws(MotError) -> Double {
        let start = place
        var digits: UInt64 = 0
        var count = 0
        var fraction = 0
        var plain = true
        var negative = false
        var inFraction = false
        while place < text.count, !isEnd(text[place]), !isGap(text[place]) {
            let byte = text[place]
            if byte >= 48, byte <= 57 {
                digits = digits &* 10 &+ UInt64(byte - 48)
                count += 1
                if inFraction { fraction += 1 }
            } else if byte == 46, !inFraction {
                inFraction = true
            } else if byte == 45, place == start {
                negative = true
            } else {
                plain = false
            }
            place += 1
        }
        guard place > start else { throw .line(line, "\(name) is missing") }
        let end = place
        skipBlanks()
        if place < text.count, text[place] == 44 || text[place] == 59 {
            place += 1
            skipBlanks()
        }
        // Up to 15 digits and 22 places, both factors are exact, so their quotient is the nearest number.
        if plain, count > 0, count <= 15 {
            let value = Double(digits) / Self.powers[fraction]
            return negative ? -value : value
        }
        let word = String(decoding: text[start..<end], as: UTF8.self)
        guard let value = Double(word), value.isFinite else {
            throw .line(line, "\(name) is \"\(word.prefix(40))\", which is no number")
        }
        return value
    }

    private static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ]
}
