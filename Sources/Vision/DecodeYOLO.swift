internal import Traffic

extension Decoder {
    /// Source: Megvii YOLOX, `demo_postprocess`: centre = (value + cell) * stride, size = exp(value) * stride.
    func yolox(_ network: any Inference) throws(VisionError) -> [Finding] {
        let strides = [8, 16, 32]
        let rows = strides.reduce(0) { $0 + (width / $1) * (height / $1) }
        let output = try tensor(network, 0)
        let columns = output.shape.last ?? 0
        guard output.values.count == rows * columns, columns > 5 + (labels.last ?? 0) else {
            throw .badModel(
                "output 0 has shape \(output.shape), but decode 'yolox' at \(width)x\(height) needs \(rows) rows of more than \(5 + (labels.last ?? 0)) values"
            )
        }
        let values = output.values
        var found: [Finding] = []
        var row = 0
        for stride in strides {
            for y in 0..<(height / stride) {
                for x in 0..<(width / stride) {
                    let at = row * columns
                    row += 1
                    let objectness = values[at + 4]
                    guard objectness >= score, let best = bestLabel(values, at + 5, step: 1) else { continue }
                    let total = objectness * best.score
                    guard total >= score else { continue }
                    let size = Double(stride)
                    found.append(
                        centred(
                            (Double(values[at]) + Double(x)) * size, (Double(values[at + 1]) + Double(y)) * size,
                            exponential(values[at + 2]) * size, exponential(values[at + 3]) * size, total, best.label))
                }
            }
        }
        return found
    }

    /// One output 1 x (4 + classes) x anchors, column-wise; boxes already in input pixels.
    func yolov8(_ network: any Inference) throws(VisionError) -> [Finding] {
        let output = try tensor(network, 0)
        let channels = output.shape.count >= 2 ? output.shape[output.shape.count - 2] : 0
        let anchors = output.shape.last ?? 0
        guard channels > 4 + (labels.last ?? 0), output.values.count == channels * anchors else {
            throw .badModel(
                "output 0 has shape \(output.shape), but decode 'yolov8' needs 1 x (4 + classes) x anchors with more than \(4 + (labels.last ?? 0)) channels"
            )
        }
        let values = output.values
        var found: [Finding] = []
        for anchor in 0..<anchors {
            guard let best = bestLabel(values, 4 * anchors + anchor, step: anchors), best.score >= score else {
                continue
            }
            found.append(
                centred(
                    Double(values[anchor]), Double(values[anchors + anchor]), Double(values[2 * anchors + anchor]),
                    Double(values[3 * anchors + anchor]), best.score, best.label))
        }
        return found
    }

    /// Every output is one region layer; class scores already contain the objectness.
    func yolov3(_ network: any Inference) throws(VisionError) -> [Finding] {
        var found: [Finding] = []
        for index in 0..<network.outputCount {
            let output = try tensor(network, index)
            guard output.shape.count == 2, output.shape[1] > 5 + (labels.last ?? 0) else {
                throw .badModel("output \(index) has shape \(output.shape), but decode 'yolov3' needs rows of boxes")
            }
            let columns = output.shape[1], values = output.values
            for row in 0..<output.shape[0] {
                let at = row * columns
                guard values[at + 4] >= score, let best = bestLabel(values, at + 5, step: 1), best.score >= score
                else { continue }
                found.append(
                    centred(
                        Double(values[at]) * Double(width), Double(values[at + 1]) * Double(height),
                        Double(values[at + 2]) * Double(width), Double(values[at + 3]) * Double(height), best.score,
                        best.label))
            }
        }
        return found
    }

    /// The best of the classes that the descriptor lists; the first of equals.
    private func bestLabel(
        _ values: UnsafeBufferPointer<Float>, _ at: Int, step: Int
    ) -> (label: Int, score: Float)? {
        var best: (label: Int, score: Float)?
        for label in labels {
            let value = values[at + label * step]
            if best == nil || value > best!.score { best = (label, value) }
        }
        return best
    }

    private func centred(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ score: Float, _ label: Int
    ) -> Finding {
        Finding(
            box: Box(x: x - width / 2, y: y - height / 2, width: width, height: height), score: Double(min(1, score)),
            label: label)
    }
}
