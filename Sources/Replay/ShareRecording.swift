import Foundation
public import Stages
import Topics
import Traffic
import Wire

/// Copies a recording without what may not leave the house.
public enum ShareRecording {
    /// What was copied and what was not.
    public struct Result: Sendable {
        public var records: Int
        /// Records that were left out, by topic.
        public var leftOut: [String: Int]
    }

    /// - Parameters:
    ///   - grammars: Which plates there are; nil leaves the plates as they are and takes out the pictures alone.
    ///   - key: Of the pseudonyms; at least 16 bytes.
    /// - Throws: ``RecordingError``, or ``WireError`` for a record that can't be read: it could hold anything. No file
    ///   is left behind.
    public static func copy(
        _ from: String, to target: String, pseudonymise grammars: GrammarSet? = nil, key: [UInt8] = []
    ) throws -> Result {
        let pseudonyms = try grammars.map { try learned(from, Pseudonyms(grammars: $0, key: key)) }
        var sharing = Sharing(pseudonyms: pseudonyms)
        let records = try WholeRecording.write(target) { (writer: inout RecordingWriter) in
            var reader = try RecordingReader(path: from)
            while let record = try reader.next() {
                guard let shared = try sharing.shared(record) else { continue }
                try writer.append(shared.record, to: shared.topic)
            }
        }.messages
        return Result(records: records, leftOut: sharing.leftOut)
    }

    /// Finds out which plates were where: from the passages that are recorded, and those that its reads become.
    private static func learned(_ path: String, _ empty: Pseudonyms) throws -> Pseudonyms {
        var pseudonyms = empty
        var reader = try RecordingReader(path: path)
        var tracker = Associate()
        var ends: [CameraID: StreamRecord<FrameReads>] = [:]
        while let recorded = try reader.next() {
            // What can't be read tells nothing here; whether it may be copied is asked afterwards.
            switch try? TopicMessage(record: recorded.record) {
            case .passage(let passage): pseudonyms.learn(passage)
            case .reads(let reads):
                for passage in tracker.process(reads) { pseudonyms.learn(passage) }
                ends[reads.id.camera] = StreamRecord(id: reads.id, time: reads.time, body: .endOfStream)
            default: break
            }
        }
        for end in ends.values.sorted(by: { $0.id.camera < $1.id.camera }) {
            for passage in tracker.process(end) { pseudonyms.learn(passage) }
        }
        return pseudonyms
    }
}

/// What stops a copy. Codes `RPL1xx`.
public enum ShareError: Error, Equatable, CustomStringConvertible {
    case unwritable(String)

    public var description: String {
        switch self {
        case .unwritable(let path): "RPL101 can't write \(path). Check the folder and its permissions."
        }
    }
}
