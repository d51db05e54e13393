internal import CVision

/// A network on OpenCV's dnn: three to five times slower than OpenVINO, and always there.
public final class OpenCVNet: InferenceNetwork {
    /// - Parameters:
    ///   - model: An ONNX file, or Darknet weights.
    ///   - configuration: Darknet's cfg file; nil for formats of one file.
    ///   - outputs: Names in the order wanted; empty takes the model's own order.
    /// - Throws: ``VisionError/badModel(_:)`` for a model that OpenCV can't load or run.
    public init(
        model: String, configuration: String?, channels: Int, width: Int, height: Int, outputs: [String]
    ) throws(VisionError) {
        var created: OpaquePointer?
        try checked { error in
            withOutputNames(outputs) { names, count in
                vision_network_open_opencv(
                    model, configuration, Int32(channels), Int32(width), Int32(height), names, count, &created, &error)
            }
        }
        super.init(owning: created!, width: width, height: height)  // the shim's contract: ok always sets it
    }
}
