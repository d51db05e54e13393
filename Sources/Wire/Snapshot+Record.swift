import Foundation
import SwiftProtobuf
public import Topics

extension Snapshot {
    /// Reads a record of `track-state`.
    public init(record: Record) throws(WireError) {
        let wire = try Envelope.message(Gantry_V1_TrackState.self, in: record)
        guard !wire.camera.isEmpty else { throw .missing("camera") }
        var marks: [Mark] = []
        for mark in wire.marks {
            guard mark.frame >= -1, mark.gap >= -1 else {
                throw .outOfRange("mark", value: "\(mark.frame), \(mark.gap)")
            }
            marks.append(Mark(epoch: mark.epoch, frame: Int(mark.frame), gap: Int(mark.gap), ended: mark.ended))
        }
        self.init(
            key: wire.camera, inputOffset: Int64(try Check.count(wire.inputOffset, "input_offset")), marks: marks,
            state: wire.hasState ? Array(wire.state) : nil)
    }
}

extension Record {
    /// A record of `track-state`, keyed by its camera.
    public init(snapshot: Snapshot) throws(WireError) {
        let message = Gantry_V1_TrackState.with { wire in
            wire.camera = snapshot.key
            wire.inputOffset = snapshot.inputOffset
            wire.marks = snapshot.marks.map { mark in
                .with {
                    $0.epoch = mark.epoch
                    $0.frame = Int64(mark.frame)
                    $0.gap = Int64(mark.gap)
                    $0.ended = mark.ended
                }
            }
            if let state = snapshot.state { wire.state = Data(state) }
        }
        self = try Envelope.record(message, key: snapshot.key, time: 0, frame: nil)
    }
}
