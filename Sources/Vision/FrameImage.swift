/// A frame on its way to the detect stage.
public enum FrameImage: Sendable {
    /// Decoded, within one process.
    case pixels(Picture)
    /// A JPEG of at most 4 MB, over Kafka.
    case jpeg([UInt8])

    /// The pixels, decoded when needed.
    ///
    /// - Throws: ``VisionError/badImage(_:)`` for bytes that are no image.
    public func picture() throws(VisionError) -> Picture {
        switch self {
        case .pixels(let picture): picture
        case .jpeg(let bytes): try Picture.decoding(bytes)
        }
    }
}
