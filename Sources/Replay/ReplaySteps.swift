public import Stages
public import Traffic

/// The stages of one worker of a replay, as calls. A stage that is not replayed is nil.
///
/// Calls, because stages that hold native handles can't be stored as values of one type; each is made and called by
/// its worker alone.
public struct ReplaySteps {
    public typealias Step<Input, Output> = (Input) throws -> [Output]

    public var detect: Step<StreamRecord<EncodedFrame>, StreamRecord<Detections>>?
    public var read: Step<StreamRecord<Detections>, StreamRecord<FrameReads>>?
    public var track: Step<StreamRecord<FrameReads>, CameraReport>?

    public init(
        detect: Step<StreamRecord<EncodedFrame>, StreamRecord<Detections>>? = nil,
        read: Step<StreamRecord<Detections>, StreamRecord<FrameReads>>? = nil,
        track: Step<StreamRecord<FrameReads>, CameraReport>? = nil
    ) {
        self.detect = detect
        self.read = read
        self.track = track
    }

    /// Turns a stage into a call that keeps it.
    ///
    /// - Parameter map: Makes of a recorded input what the stage takes.
    public static func step<S: Stage & ~Copyable, Input>(
        _ stage: consuming S, map: @escaping (Input) -> S.Input
    ) -> Step<Input, S.Output> {
        let keeper = Keeper(stage)
        return { try keeper.stage.process(map($0)) }
    }

    /// Turns a stage into a call that keeps it.
    public static func step<S: Stage & ~Copyable>(_ stage: consuming S) -> Step<S.Input, S.Output> {
        step(stage) { $0 }
    }

    private final class Keeper<S: Stage & ~Copyable> {
        var stage: S
        init(_ stage: consuming S) { self.stage = stage }
    }
}
