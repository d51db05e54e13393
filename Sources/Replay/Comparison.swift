import Stages
public import Traffic

/// What became of a baseline's passages in another run over the same traffic.
///
/// Passages are paired per camera by when and where the vehicles were seen and by what was read, not by id: an id
/// changes with the first frame, which is one of the things that may differ.
public struct Comparison: Hashable, Sendable {
    /// One vehicle in both runs.
    public struct Pair: Hashable, Sendable {
        public var baseline, candidate: Passage
        /// In what they differ; empty when they are equal in every field.
        public var differences: Set<Difference>
    }

    /// A passage that only one run has.
    public struct Single: Hashable, Sendable {
        public var passage: Passage
        /// The passage of the other run that covers its vehicle, when one does: a vehicle torn apart or swallowed.
        public var coveredBy: Passage?
    }

    /// In what two passages of one vehicle differ.
    public enum Difference: String, CaseIterable, Hashable, Sendable {
        /// Another text, or one where there was none, or none where there was one.
        case plate
        /// The same text, accepted in one run only.
        case acceptance
        /// The same text with another confidence.
        case confidence
        /// First or last seen.
        case times
        /// How it went: direction, course, sides, stops, speed. Courses and speeds need the cameras' headings and
        /// calibrations in both runs.
        case way
        /// Anything else: class, votes, best frame, the id.
        case other
    }

    /// In the order of camera and first time.
    public var pairs: [Pair]
    /// In the baseline only.
    public var lost: [Single]
    /// In the candidate only.
    public var gained: [Single]

    /// Passages that a baseline and a candidate must share of their time to be taken for one vehicle, as intersection
    /// over union of their time; with the same text or id a quarter of the shorter one is enough.
    static let timeOverlap = 0.3

    public init(baseline: [Passage], candidate: [Passage]) {
        var pairs: [Pair] = []
        var lost: [Single] = []
        var gained: [Single] = []
        let before = Dictionary(grouping: baseline, by: \.camera)
        let after = Dictionary(grouping: candidate, by: \.camera)
        for camera in Set(before.keys).union(after.keys).sorted() {
            let ours = Self.inOrder(before[camera] ?? [])
            let theirs = Self.inOrder(after[camera] ?? [])
            let partners = Self.pair(ours, theirs)
            let taken = Set(partners.compactMap { $0 })
            for (index, partner) in partners.enumerated() {
                if let partner {
                    pairs.append(Pair(ours[index], theirs[partner]))
                } else {
                    lost.append(Single(passage: ours[index], coveredBy: Self.cover(of: ours[index], in: theirs)))
                }
            }
            for index in theirs.indices where !taken.contains(index) {
                gained.append(Single(passage: theirs[index], coveredBy: Self.cover(of: theirs[index], in: ours)))
            }
        }
        self.pairs = pairs
        self.lost = lost
        self.gained = gained
    }

    /// Nothing differs in any field.
    public var isSame: Bool { lost.isEmpty && gained.isEmpty && pairs.allSatisfy(\.differences.isEmpty) }

    /// Pairs that differ in this.
    public func differing(in difference: Difference) -> [Pair] {
        pairs.filter { $0.differences.contains(difference) }
    }

    /// Baseline passages that the candidate lost or tore apart, or whose accepted plate it no longer accepts as it was.
    public var worse: Int {
        let torn = Set(gained.compactMap { $0.coveredBy?.id })
        let plates = pairs.filter { pair in
            guard let plate = pair.baseline.plate, plate.accepted else { return false }
            return pair.candidate.plate?.text != plate.text || pair.candidate.plate?.accepted != true
        }
        return lost.count + Set(plates.map(\.baseline.id)).union(torn).count
    }

    /// Of the baseline's passages, the share that is ``worse``; 0 when the baseline has none.
    public var worseShare: Double {
        let all = pairs.count + lost.count
        return all == 0 ? 0 : min(1, Double(worse) / Double(all))
    }
}

extension Comparison.Pair {
    init(_ baseline: Passage, _ candidate: Passage) {
        var differences: Set<Comparison.Difference> = []
        var same = candidate
        if baseline.plate?.text != candidate.plate?.text { differences.insert(.plate) }
        if let old = baseline.plate, let new = candidate.plate, old.text == new.text {
            if old.accepted != new.accepted { differences.insert(.acceptance) }
            if old.confidence != new.confidence { differences.insert(.confidence) }
            same.plate?.accepted = old.accepted
            same.plate?.confidence = old.confidence
        } else {
            same.plate = baseline.plate
        }
        if baseline.firstSeen != candidate.firstSeen || baseline.lastSeen != candidate.lastSeen {
            differences.insert(.times)
        }
        same.firstSeen = baseline.firstSeen
        same.lastSeen = baseline.lastSeen
        if candidate.way != baseline.way { differences.insert(.way) }
        same.way = baseline.way
        if same != baseline { differences.insert(.other) }
        self.init(baseline: baseline, candidate: candidate, differences: differences)
    }

    /// By how much surer the candidate is of the same text, -1...1; nil for different texts.
    public var confidenceShift: Double? {
        guard let old = baseline.plate, let new = candidate.plate, old.text == new.text else { return nil }
        return new.confidence - old.confidence
    }

    /// By how many seconds the candidate's first and last sight are later.
    public var timeShift: (first: Double, last: Double) {
        ((candidate.firstSeen - baseline.firstSeen).inSeconds, (candidate.lastSeen - baseline.lastSeen).inSeconds)
    }
}

extension Passage {
    fileprivate struct Way: Hashable {
        var direction: Direction
        var course: Double?
        var entered, left: Edge?
        var stopped: Duration
        var parked: Duration?
        var speed: Speed?
    }

    fileprivate var way: Way {
        get {
            Way(
                direction: direction, course: course, entered: entered, left: left, stopped: stopped, parked: parked,
                speed: speed)
        }
        set {
            direction = newValue.direction
            course = newValue.course
            entered = newValue.entered
            left = newValue.left
            stopped = newValue.stopped
            parked = newValue.parked
            speed = newValue.speed
        }
    }
}

// MARK: - Which passage is which

extension Comparison {
    private static func inOrder(_ passages: [Passage]) -> [Passage] {
        passages.sorted { a, b in
            if a.firstSeen != b.firstSeen { return a.firstSeen < b.firstSeen }
            return a.id.bytes.lexicographicallyPrecedes(b.id.bytes)
        }
    }

    /// The candidate of each baseline passage, or nil. The likeliest pairs are made first; equal ones by index.
    private static func pair(_ ours: [Passage], _ theirs: [Passage]) -> [Int?] {
        var likely: [(score: Double, a: Int, b: Int)] = []
        // Both are in the order of their beginning, so only a window of candidates can overlap.
        let longest = theirs.map { $0.lastSeen.nanoseconds - $0.firstSeen.nanoseconds }.max() ?? 0
        var start = 0
        for (a, passage) in ours.enumerated() {
            while start < theirs.count,
                theirs[start].firstSeen.nanoseconds < passage.firstSeen.nanoseconds - longest
            { start += 1 }
            for b in start..<max(start, theirs.count) {
                if theirs[b].firstSeen > passage.lastSeen { break }
                if let score = likeness(passage, theirs[b]) { likely.append((score, a, b)) }
            }
        }
        likely.sort { $0.score != $1.score ? $0.score > $1.score : ($0.a, $0.b) < ($1.a, $1.b) }
        var partners = [Int?](repeating: nil, count: ours.count)
        var taken = [Bool](repeating: false, count: theirs.count)
        for pair in likely where partners[pair.a] == nil && !taken[pair.b] {
            partners[pair.a] = pair.b
            taken[pair.b] = true
        }
        return partners
    }

    /// How likely both show one vehicle; nil when they can't.
    private static func likeness(_ a: Passage, _ b: Passage) -> Double? {
        let time = timeShare(a, b)
        let text = agreement(a, b)
        let place = placeShare(a, b)
        // Seen elsewhere in the same frame, or clearly read otherwise: another vehicle.
        if let place, place == 0 { return nil }
        let isKnown = a.id == b.id || (text ?? 0) > 0.7
        guard time.union >= timeOverlap || (time.shorter >= 0.25 && isKnown) else { return nil }
        if let text, text < 0.5, place ?? 0 < 0.5 { return nil }
        return time.union + (text.map { 2 * ($0 - 0.5) } ?? 0) + (place ?? 0.25) + (a.id == b.id ? 0.5 : 0)
    }

    /// The time both share: of both together, and of the shorter one; each 0...1.
    private static func timeShare(_ a: Passage, _ b: Passage) -> (union: Double, shorter: Double) {
        // One frame counts for a tenth of a second, so that passages of a single frame have a length.
        let frame = 0.1
        let shared = (min(a.lastSeen, b.lastSeen) - max(a.firstSeen, b.firstSeen)).inSeconds + frame
        let long = (a.lastSeen - a.firstSeen).inSeconds + frame
        let other = (b.lastSeen - b.firstSeen).inSeconds + frame
        guard shared > 0 else { return (0, 0) }
        return (shared / (long + other - shared), shared / min(long, other))
    }

    /// How far both texts agree, 0...1; nil unless both have one.
    private static func agreement(_ a: Passage, _ b: Passage) -> Double? {
        guard let first = a.plate?.text.text, let second = b.plate?.text.text else { return nil }
        let length = Double(max(first.utf8.count, second.utf8.count))
        return 1 - Double(editDistance(Array(first.utf8), Array(second.utf8))) / length
    }

    /// How far the boxes of the best frame agree, 0...1; nil unless both name the same frame.
    private static func placeShare(_ a: Passage, _ b: Passage) -> Double? {
        guard a.epoch == b.epoch, a.best.frame == b.best.frame else { return nil }
        if let first = a.best.vehicle, let second = b.best.vehicle { return first.overlap(second) }
        if let first = a.best.plate, let second = b.best.plate { return first.overlap(second) }
        return nil
    }

    /// The passage of the other run that covers a vehicle's time and agrees with its text.
    private static func cover(of passage: Passage, in others: [Passage]) -> Passage? {
        others.first { other in
            timeShare(passage, other).shorter >= 0.5 && (agreement(passage, other) ?? 0) > 0.7
        }
    }
}
