import Foundation
import SwiftProtobuf
public import Topics

extension Rejection {
    /// Reads a record of a `.rejected` topic.
    public init(record: Record) throws(WireError) {
        let wire = try Envelope.message(Gantry_V1_RejectedRecord.self, in: record)
        guard !wire.code.isEmpty else { throw .missing("code") }
        guard wire.hasOriginal else { throw .missing("original") }
        let position = Position(
            partition: Partition(topic: wire.position.topic, number: wire.position.partition),
            offset: Int64(try Check.count(wire.position.offset, "position.offset")))
        self.init(
            code: wire.code, reason: wire.reason, stage: wire.stage, position: wire.hasPosition ? position : nil,
            original: Record(
                key: wire.original.hasKey ? wire.original.key : nil, value: Array(wire.original.value),
                headers: wire.original.headers.map { Header($0.name, Array($0.value)) },
                timestamp: wire.original.timestamp))
    }
}

extension Record {
    /// A record of a `.rejected` topic, keyed and dated as its original.
    ///
    /// An original over 4 MB is left out, and the reason says so: it has to fit beside its reason.
    public init(rejection: Rejection) throws(WireError) {
        let original = rejection.original
        let fits = original.value.count <= Schema.maximumFrameBytes
        let message = Gantry_V1_RejectedRecord.with { wire in
            wire.code = rejection.code
            wire.reason =
                fits ? rejection.reason : "\(rejection.reason) (\(original.value.count) original bytes left out)"
            wire.stage = rejection.stage
            if let position = rejection.position {
                wire.position = .with {
                    $0.topic = position.partition.topic
                    $0.partition = position.partition.number
                    $0.offset = position.offset
                }
            }
            wire.original = .with {
                if let key = original.key { $0.key = key }
                if fits { $0.value = Data(original.value) }
                $0.headers = original.headers.map { header in
                    .with {
                        $0.name = header.name
                        $0.value = Data(header.value)
                    }
                }
                $0.timestamp = original.timestamp
            }
        }
        self = try Envelope.record(message, key: original.key, time: original.timestamp, frame: nil)
    }
}
