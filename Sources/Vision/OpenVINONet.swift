internal import CVision

/// A network on OpenVINO, whose C library is opened at run time.
public final class OpenVINONet: InferenceNetwork {
    /// - Parameters:
    ///   - library: Path of `libopenvino_c.so.*`; its neighbours must be real files in the same folder.
    ///   - model: An ONNX file.
    ///   - channels: 3, or 1 for grey.
    ///   - outputs: Names in the order wanted; empty takes the model's own order.
    ///   - threads: Inside one inference; parallelism is workers.
    /// - Throws: ``VisionError/unreadable(_:)`` for the library, ``VisionError/badModel(_:)`` for the model.
    public init(
        library: String, model: String, channels: Int, width: Int, height: Int, outputs: [String], threads: Int = 1
    ) throws(VisionError) {
        var created: OpaquePointer?
        try checked { error in
            withOutputNames(outputs) { names, count in
                vision_network_open_openvino(
                    library, model, Int32(channels), Int32(width), Int32(height), Int32(threads), names, count,
                    &created, &error)
            }
        }
        super.init(owning: created!, width: width, height: height)  // the shim's contract: ok always sets it
    }
}

public enum OpenVINO {
    /// The build number of a library, for example `2026.4.1-22982-...`.
    public static func version(library: String) throws(VisionError) -> String {
        var text = [CChar](repeating: 0, count: 256)
        try checked { vision_openvino_version(library, &text, text.count, &$0) }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
