internal import CVision

/// Writes pictures to a video file, MPEG-4 Part 2 in an MP4 container.
public struct ClipWriter: ~Copyable {
    private let handle: OpaquePointer
    /// Frames written so far.
    public private(set) var frames = 0

    /// - Parameter path: Ends in `.mp4`. The file can be read only after ``finish()``.
    public init(path: String, framesPerSecond: Double, width: Int, height: Int) throws(VisionError) {
        var created: OpaquePointer?
        try checked { error in
            vision_clip_create(path, framesPerSecond, Int32(width), Int32(height), &created, &error)
        }
        handle = created!  // the shim's contract: ok always sets it
    }

    deinit { vision_clip_destroy(handle) }

    /// - Throws: ``VisionError/badImage(_:)`` for a picture of another size.
    public mutating func append(_ picture: Picture) throws(VisionError) {
        try checked { error in vision_clip_append(handle, picture.handle, &error) }
        frames += 1
    }

    /// Writes what is pending and closes the file.
    public consuming func finish() { vision_clip_finish(handle) }
}
