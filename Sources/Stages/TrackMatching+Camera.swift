import Traffic

extension TrackMatching {
    /// Finds the jolt that the boxes share, and moves every guess by it.
    ///
    /// Each track that was just seen is set against the strong box nearest to its guess. Where the middle of these
    /// differences is clear of noise, and most differences are near it, the camera turned. Steady turning needs no such
    /// care: it is part of each track's speed.
    mutating func followCamera() {
        var across: [Double] = []
        var down: [Double] = []
        across.reserveCapacity(24)
        down.reserveCapacity(24)
        var size = 0.0
        // Close together in memory: each track looks at many.
        let strong = order.filter { seen.vehicles[$0].score >= settings.highScore }.map { boxes[$0] }
        let grown = strong.map(\.grown)
        let lefts = strong.map(\.x)
        for index in tracks.indices where tracks[index].frames >= 3 && stale[index] == 0 {
            guard let guess = guesses[index].vehicle else { continue }
            let wide = guess.grown
            var most = 0.3
            var nearest: Box?
            let first = Self.firstIndex(of: lefts, above: wide.x - 1.25 * widest)
            for place in first..<strong.count {
                if lefts[place] > wide.x + wide.width + 0.25 * widest { break }
                let overlap = wide.share(with: grown[place])
                if overlap > most {
                    most = overlap
                    nearest = strong[place]
                }
            }
            guard let nearest else { continue }
            // The middle of two dozen says as much as that of all.
            if across.count == 24 { break }
            across.append(nearest.center.x - guess.center.x)
            down.append(nearest.center.y - guess.center.y)
            size += (guess.width * guess.height).squareRoot()
        }
        guard across.count >= 4 else { return }
        func middle(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
        let way = Point(x: middle(across), y: middle(down))
        let length = abs(way.x) + abs(way.y)
        guard length > 0.04 * size / Double(across.count) else { return }
        let spread = middle(across.map { abs($0 - way.x) }) + middle(down.map { abs($0 - way.y) })
        guard spread < 0.7 * length else { return }
        for index in guesses.indices {
            guesses[index].vehicle?.move(by: way)
            guesses[index].plate?.move(by: way)
            carried[index]?.move(by: way)
        }
        match.shift = way
    }
}

/// What holds both boxes that a track is expected at.
struct TrackBounds {
    var left, right, top, bottom: Double

    init(_ a: Box, _ b: Box?) {
        let b = b ?? a
        left = min(a.x, b.x)
        right = max(a.x + a.width, b.x + b.width)
        top = min(a.y, b.y)
        bottom = max(a.y + a.height, b.y + b.height)
    }

    func padded(by margin: Double) -> TrackBounds {
        var copy = self
        copy.left -= margin
        copy.right += margin
        copy.top -= margin
        copy.bottom += margin
        return copy
    }

    @inline(__always) func meets(_ box: Box) -> Bool {
        box.x < right && box.x + box.width > left && box.y < bottom && box.y + box.height > top
    }
}

extension Box {
    /// Larger by a quarter of its size on every side, for boxes that move far between frames or whose speed is not known.
    ///
    /// Source: Yang and others, "Hard to track objects with irregular motions and similar appearances? Make it easier
    /// by buffering the matching space", 2023.
    var grown: Box {
        Box(x: x - 0.25 * width, y: y - 0.25 * height, width: 1.5 * width, height: 1.5 * height)
    }

    fileprivate mutating func move(by way: Point) {
        x += way.x
        y += way.y
    }
}
