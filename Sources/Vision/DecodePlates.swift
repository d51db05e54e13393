internal import Traffic

/// Prior boxes: centre and size in input pixels, in the order of the network's rows.
struct PriorBoxes {
    var rows: [(x: Double, y: Double, size: Double)] = []

    /// - Parameter scales: Stride, cells across and down, and the square priors of each cell.
    init(_ scales: [(stride: Int, across: Int, down: Int, sizes: [Double])]) {
        for scale in scales {
            for y in 0..<scale.down {
                for x in 0..<scale.across {
                    for size in scale.sizes {
                        rows.append(
                            ((Double(x) + 0.5) * Double(scale.stride), (Double(y) + 0.5) * Double(scale.stride), size))
                    }
                }
            }
        }
    }

    /// Source: `agentclpr` 1.1.0, `CLPDetector.gen_priors`.
    static func clpDet(width: Int, height: Int) -> PriorBoxes {
        PriorBoxes(
            [(8, [24, 48]), (16, [96, 192]), (32, [384, 768])].map { stride, sizes in
                (stride, (width + stride - 1) / stride, (height + stride - 1) / stride, sizes)
            })
    }

    /// Source: OpenCV Zoo, `lpd_yunet.py`, `_priorGen`.
    static func lpdYuNet(width: Int, height: Int) -> PriorBoxes {
        var across = (width + 1) / 2 / 2, down = (height + 1) / 2 / 2
        return PriorBoxes(
            [(8, [10, 16, 24]), (16, [32, 48]), (32, [64, 96]), (64, [128, 192, 256])].map { stride, sizes in
                across /= 2
                down /= 2
                return (stride, across, down, sizes)
            })
    }

    /// A point that the network gives relative to a prior, with the usual variance of 0.1.
    func point(_ row: Int, _ dx: Float, _ dy: Float) -> Point {
        let prior = rows[row]
        return Point(x: prior.x + Double(dx) * 0.1 * prior.size, y: prior.y + Double(dy) * 0.1 * prior.size)
    }
}

extension Quadrilateral {
    /// Orders four corners clockwise from the top left, for plates that lean by less than 45 degrees.
    ///
    /// The two leftmost are the left side, so that a bottom corner may lie higher than a top one.
    init(unordered points: [Point]) {
        let across = points.sorted { ($0.x, $0.y) < ($1.x, $1.y) }
        let left = across[0].y <= across[1].y ? (across[0], across[1]) : (across[1], across[0])
        let right = across[2].y <= across[3].y ? (across[2], across[3]) : (across[3], across[2])
        self.init(topLeft: left.0, topRight: right.0, bottomRight: right.1, bottomLeft: left.1)
    }
}

extension Decoder {
    /// Source: `agentclpr` 1.1.0, `CLPDetector`. The corners are tighter than the box, so their bounds are the box.
    func clpDet(_ network: any Inference, _ priors: PriorBoxes) throws(VisionError) -> [Finding] {
        let rows = priors.rows.count
        let confidence = try tensor(network, 1, count: 2 * rows).values
        let corners = try tensor(network, 2, count: 8 * rows).values
        var found: [Finding] = []
        for row in 0..<rows where confidence[2 * row + 1] >= score {
            let points = (0..<4).map { priors.point(row, corners[8 * row + 2 * $0], corners[8 * row + 2 * $0 + 1]) }
            found.append(plate(Quadrilateral(unordered: points), confidence[2 * row + 1]))
        }
        return found
    }

    /// Source: OpenCV Zoo, `lpd_yunet.py`, `_decode`: score = sqrt(class * overlap), corners at 4, 6, 10, 12.
    func lpdYuNet(_ network: any Inference, _ priors: PriorBoxes) throws(VisionError) -> [Finding] {
        let rows = priors.rows.count
        let location = try tensor(network, 0, count: 14 * rows).values
        let confidence = try tensor(network, 1, count: 2 * rows).values
        let overlap = try tensor(network, 2, count: rows).values
        var found: [Finding] = []
        for row in 0..<rows {
            let total = (max(0, confidence[2 * row + 1]) * min(1, max(0, overlap[row]))).squareRoot()
            guard total >= score else { continue }
            let points = [4, 6, 10, 12].map { priors.point(row, location[14 * row + $0], location[14 * row + $0 + 1]) }
            found.append(plate(Quadrilateral(unordered: points), total))
        }
        return found
    }

    /// Local maxima of the first channel; corner k lies (cell + 0.5 + offset) * 8 from the top left.
    func cornerMap(_ network: any Inference) throws(VisionError) -> [Finding] {
        let across = width / 8, down = height / 8, cells = across * down
        let map = try tensor(network, 0, count: 9 * cells).values
        var found: [Finding] = []
        for y in 0..<down {
            for x in 0..<across {
                let here = map[y * across + x]
                guard here >= score else { continue }
                var peak = true
                for nearY in max(0, y - 1)...min(down - 1, y + 1) {
                    for nearX in max(0, x - 1)...min(across - 1, x + 1) where map[nearY * across + nearX] > here {
                        peak = false
                    }
                }
                guard peak else { continue }
                let corner = { (k: Int) -> Point in
                    let at = (1 + 2 * k) * cells + y * across + x
                    return Point(
                        x: (Double(x) + 0.5 + Double(map[at])) * 8, y: (Double(y) + 0.5 + Double(map[at + cells])) * 8)
                }
                found.append(
                    plate(
                        Quadrilateral(
                            topLeft: corner(0), topRight: corner(1), bottomRight: corner(2), bottomLeft: corner(3)),
                        here))
            }
        }
        return found
    }

    private func plate(_ corners: Quadrilateral, _ score: Float) -> Finding {
        Finding(box: corners.bounds, corners: corners, score: Double(min(1, score)))
    }
}
