/// Why a source can't be read at all. What is wrong inside a source is a rejected record instead.
///
/// Codes are stable: `DEC1xx` for the world around a source, `DEC2xx` (``SourceFault``) for what is in it.
public enum SourceError: Error, Equatable, Sendable, CustomStringConvertible {
    case missing(path: String, reason: String)
    case emptyFolder(path: String)
    case noRate(path: String)
    case unknownScheme(String)
    /// The system has no thread left for a live source.
    case noThread(String)

    public var description: String {
        switch self {
        case .missing(let path, let reason):
            "DEC101 the source \(path) can't be opened: \(reason). Correct the camera's `source`, or its permissions."
        case .emptyFolder(let path):
            "DEC102 the folder \(path) holds no image (\(ImageFolder.extensions.sorted().joined(separator: ", "))). Correct the camera's `source`."
        case .noRate(let path):
            "DEC103 the folder of images \(path) needs a frame rate: set the camera's `fps` above 0, up to 1000."
        case .unknownScheme(let scheme):
            "DEC104 no source is read over \(scheme). Use rtsp, rtsps, http, https, a file or a folder."
        case .noThread(let reason):
            "DEC105 no thread can be started for a camera: \(reason). Raise the limit of threads, or run fewer cameras in one process."
        }
    }
}

/// Codes of the rejected records that a source makes.
public enum SourceFault {
    /// Not a video that can be opened: empty, of another kind, or cut off before its index was written.
    public static let notVideo = "DEC201"
    /// Damaged inside; decoding goes on behind it.
    public static let damaged = "DEC202"
    /// Ends before its own end.
    public static let endsEarly = "DEC203"
    /// One image of a folder can't be read; the others can.
    public static let badImage = "DEC204"
}
