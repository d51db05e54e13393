internal import CVision

/// What the shim over OpenCV and the inference runtimes refused. Codes `VIS1xx` are stable.
public enum VisionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A file is missing, unreadable or not what it should be.
    case unreadable(String)
    /// Bytes that are no image, or a rectangle outside one.
    case badImage(String)
    /// A model or library was refused.
    case badModel(String)
    /// A fault of this program or of a library below it.
    case internalFault(String)

    public var description: String {
        switch self {
        case .unreadable(let what): "VIS101 can't read: \(what)"
        case .badImage(let what): "VIS102 not a usable image: \(what)"
        case .badModel(let what): "VIS103 the model can't be used: \(what)"
        case .internalFault(let what): "VIS104 fault inside the vision libraries: \(what)"
        }
    }
}

/// Calls one entry point of the shim and turns its status into a typed error.
func checked(_ call: (inout vision_error) -> VisionStatus) throws(VisionError) {
    var error = vision_error()
    let status = call(&error)
    if status == .ok { return }
    let message = withUnsafeBytes(of: error.message) { bytes in
        String(decoding: bytes.prefix(while: { $0 != 0 }), as: UTF8.self)
    }
    switch status {
    case .unreadable: throw .unreadable(message)
    case .badImage: throw .badImage(message)
    case .badModel: throw .badModel(message)
    case .ok, .badArgument, .internal: throw .internalFault(message)
    }
}
