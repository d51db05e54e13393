/// What a seqinfo.ini of the MOT Challenge says about its sequence.
public struct MotSequence: Hashable, Sendable {
    /// Positive.
    public var framesPerSecond: Double
    /// Of the picture, pixels; 0 where it is not said.
    public var width = 0
    public var height = 0

    public init(framesPerSecond: Double) { self.framesPerSecond = framesPerSecond }

    /// - Throws: ``MotError/sequence(_:)`` without a usable frame rate.
    public init(ini: String) throws(MotError) {
        var values: [String: String] = [:]
        for line in ini.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: "=", maxSplits: 1).map { $0.filter { !$0.isWhitespace } }
            if parts.count == 2 { values[parts[0].lowercased()] = parts[1] }
        }
        guard let rate = values["framerate"] else { throw .sequence("there is no frameRate") }
        guard let number = Double(rate), number > 0, number <= 1000 else {
            throw .sequence("frameRate is \"\(rate)\", not above 0 and up to 1000")
        }
        self.init(framesPerSecond: number)
        width = Self.size(values["imwidth"])
        height = Self.size(values["imheight"])
    }

    private static func size(_ text: String?) -> Int { text.flatMap(Int.init).map { min(max($0, 0), 1_000_000) } ?? 0 }
}
