/// A whole frame as a picture file: what travels on `frames` over Kafka.
///
/// It shows faces and plates in clear; retention on that topic is minutes.
public struct EncodedFrame: Hashable, Sendable {
    /// A JPEG file of at most 4 MB.
    public var jpeg: [UInt8]
    /// Pixels of the full frame.
    public var width, height: Int

    public init(jpeg: [UInt8], width: Int, height: Int) {
        self.jpeg = jpeg
        self.width = width
        self.height = height
    }
}
