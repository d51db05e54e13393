import Crypto
public import Traffic

extension Epoch {
    /// The epoch of a source that started at a moment: the first 8 bytes of SHA-256 over camera and start.
    public init(camera: CameraID, started: EventTime) {
        var hash = SHA256()
        hash.update(data: Array("gantry-epoch/1\0\(camera.text)\0\(started.nanoseconds)".utf8))
        self.init(hash.finalize().prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
    }
}

extension PassageID {
    /// The first 16 bytes of SHA-256 over camera, epoch, first frame and ordinal.
    ///
    /// - Parameter ordinal: Tells apart tracks of one camera and epoch that begin in the same frame; from 0.
    public init(camera: CameraID, epoch: Epoch, firstFrame: Int, ordinal: Int) {
        var hash = SHA256()
        hash.update(data: Array("gantry-passage/1\0\(camera.text)\0\(epoch)\0\(firstFrame)\0\(ordinal)".utf8))
        self.init(Array(hash.finalize().prefix(16)))
    }
}
