public import Traffic

/// A plate that was found in an image, with its read.
public struct PlateFind: Hashable, Sendable {
    /// Pixels of the image.
    public var box: Box
    public var read: PlateRead

    public init(box: Box, read: PlateRead) {
        self.box = box
        self.read = read
    }
}

/// A labelled plate of one image, with what is known about it besides.
public struct LabelledPlate: Hashable, Sendable {
    /// Pixels of the image.
    public var box: Box
    public var text: PlateText
    /// Mean grey level, 0...255, of what surrounds the plate; nil when unknown.
    public var surroundings: Double?

    public init(box: Box, text: PlateText, surroundings: Double? = nil) {
        self.box = box
        self.text = text
        self.surroundings = surroundings
    }
}

/// What became of one labelled plate.
public struct LabelOutcome: Hashable, Sendable {
    public var plate: LabelledPlate
    /// The plate found there; nil when it was missed.
    public var find: PlateFind?
    /// Intersection over union with the find that comes nearest, be it near enough or not; 0...1.
    public var overlap: Double

    /// Whether the best text of what was found there is the plate's.
    public var isExact: Bool { find?.read.text == plate.text }
    /// Characters of the truth that the read has right; all wrong when nothing was read.
    public var rightCharacters: Int {
        let truth = plate.text.text.utf8
        return max(0, truth.count - editDistance(Array(truth), Array((find?.read.text?.text ?? "").utf8)))
    }
}

/// One image's finds set against its labels.
public struct ImageOutcome: Hashable, Sendable {
    /// A find that lies on a labelled plate.
    public struct Hit: Hashable, Sendable {
        public var find: PlateFind
        /// Index into ``ImageOutcome/labels``.
        public var label: Int
        public var isExact: Bool
    }

    /// One for each label, in order.
    public var labels: [LabelOutcome]
    /// Every find that overlaps a label by ``lies`` or more, with the label that it overlaps most.
    public var hits: [Hit]
    /// Finds that overlap every label by less than ``lies``.
    public var strays: [PlateFind]

    /// Intersection over union from which a labelled plate counts as found.
    public static let captured = 0.5
    /// Intersection over union from which a find is about a labelled plate at all, well or badly placed.
    public static let lies = 0.3

    /// A label is given at most one find and a find to at most one label, the best overlaps first.
    public init(labels: [LabelledPlate], finds: [PlateFind]) {
        var pairs: [(label: Int, find: Int, overlap: Double)] = []
        for label in labels.indices {
            for find in finds.indices {
                let overlap = labels[label].box.overlap(finds[find].box)
                if overlap > 0 { pairs.append((label, find, overlap)) }
            }
        }
        pairs.sort { ($1.overlap, $0.label, $0.find) < ($0.overlap, $1.label, $1.find) }

        self.labels = labels.map { LabelOutcome(plate: $0, find: nil, overlap: 0) }
        for pair in pairs.reversed() { self.labels[pair.label].overlap = pair.overlap }
        var taken: Set<Int> = []
        for pair in pairs where pair.overlap >= Self.captured {
            guard self.labels[pair.label].find == nil, taken.insert(pair.find).inserted else { continue }
            self.labels[pair.label].find = finds[pair.find]
            self.labels[pair.label].overlap = pair.overlap
        }
        var nearest: [Int: Int] = [:]
        for pair in pairs where pair.overlap >= Self.lies && nearest[pair.find] == nil {
            nearest[pair.find] = pair.label
        }
        hits = finds.indices.compactMap { find in
            nearest[find].map {
                Hit(find: finds[find], label: $0, isExact: finds[find].read.text == labels[$0].text)
            }
        }
        strays = finds.indices.filter { nearest[$0] == nil }.map { finds[$0] }
    }
}
