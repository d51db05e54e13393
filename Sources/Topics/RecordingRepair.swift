/// What became of a recording that was cut off or damaged.
public struct RecordingRepair: Sendable {
    /// Of the new file.
    public var summary: RecordingSummary
    /// What was wrong with the old one, in its order; the first hundred.
    public var problems: [RecordingError] = []
    /// Those beyond the first hundred included.
    public var problemCount = 0

    /// Writes all that can be read of one recording to another, which is whole.
    ///
    /// Records keep their order, bytes, times and numbers. Attachments and metadata of other programs are left out.
    /// - Returns: Also for a recording without any trouble, which is copied.
    /// - Throws: When the old file can't be opened or the new one can't be written; never for damage.
    public static func copy(
        from path: String, to target: String, options: RecordingOptions = RecordingOptions()
    ) throws(RecordingError) -> RecordingRepair {
        var reader = try RecordingReader(path: path)
        var body = RecordingBody(try RecordingOutput(path: target, overwrites: options.overwrites), options: options)
        try body.begin(profile: reader.profile, library: RecordingFormat.library)
        var repair = RecordingRepair(summary: RecordingSummary())
        // By the channel's number in the old file.
        var channels: [UInt16: Int] = [:]
        while true {
            do throws(RecordingError) {
                guard try reader.advance() else { break }
            } catch {
                repair.problemCount += 1
                if repair.problems.count < 100 { repair.problems.append(error) }
                if error.isLast { break }
                continue
            }
            guard let head = reader.head else { continue }
            let index: Int
            if let known = channels[head.channel] {
                index = known
            } else {
                let channel = reader.channel
                index = try body.open(
                    topic: channel.topic, messageEncoding: channel.messageEncoding, metadata: channel.metadata,
                    schema: channel.schema)
                channels[head.channel] = index
            }
            try body.append(
                reader.value.bytes, to: index, time: head.logTime, published: head.publishTime, sequence: head.sequence)
        }
        repair.summary = try body.finish()
        return repair
    }
}
