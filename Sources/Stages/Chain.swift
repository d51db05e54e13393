public import Traffic

/// Two neighbouring stages as one, for a process that fuses them.
///
/// An input counts as done only when everything that came of it is done, so fusing loses nothing: there is no link
/// between the two whose contents a crash could drop. When the second stage can't process an output of the first,
/// the whole input is refused.
public struct Chain<First: Stage & ~Copyable, Second: Stage & ~Copyable>: Stage, ~Copyable
where First.Output == Second.Input {
    private var first: First
    private var second: Second

    public init(_ first: consuming First, _ second: consuming Second) {
        self.first = first
        self.second = second
    }

    public mutating func process(_ input: First.Input) throws -> [Second.Output] {
        var outputs: [Second.Output] = []
        for between in try first.process(input) { outputs += try second.process(between) }
        return outputs
    }

    public mutating func takeTallies() -> [Tally: Int] {
        first.takeTallies().merging(second.takeTallies(), uniquingKeysWith: +)
    }
}

/// The first stage must remember nothing of its own: Detect and Read don't.
extension Chain: SnapshottingStage where First: ~Copyable, Second: SnapshottingStage & ~Copyable {
    public func snapshot(of camera: CameraID) -> [UInt8]? { second.snapshot(of: camera) }
    public mutating func restore(_ camera: CameraID, from snapshot: [UInt8]) throws(SnapshotError) {
        try second.restore(camera, from: snapshot)
    }
    public mutating func forget(_ camera: CameraID) { second.forget(camera) }
}
