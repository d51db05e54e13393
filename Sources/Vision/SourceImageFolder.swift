internal import Stages
internal import Traffic

/// Reads a folder of still images as a camera's frames, in natural order: `img2` before `img10`.
struct ImageFolder {
    static let extensions: Set<String> = ["jpg", "jpeg", "png", "bmp", "webp", "tif", "tiff"]

    private let settings: CameraSourceSettings
    private let path: String
    private let names: [String]
    private let epoch: Epoch
    private let stop: StopSignal
    private var clock: SourceClock
    private var selection: SourceSelection
    private var pending: [SourceEvent] = []
    private var ended = false
    /// Images passed, unreadable ones included: a file that is repaired must not renumber the others.
    private(set) var frames = 0
    var framesPromised: Int { names.count }

    init(_ settings: CameraSourceSettings, path: String, stop: StopSignal) throws(SourceError) {
        guard let rate = settings.framesPerSecond, rate > 0, rate <= 1000 else { throw .noRate(path: path) }
        names = Self.inNaturalOrder(
            try SourceFiles.names(in: path).filter { name in
                guard !name.hasPrefix("."), let dot = name.lastIndex(of: ".") else { return false }
                return Self.extensions.contains(name[name.index(after: dot)...].lowercased())
            })
        guard let first = names.first else { throw .emptyFolder(path: path) }
        let started: EventTime
        if let told = settings.started {
            started = told
        } else {
            started = try SourceFiles.status(of: "\(path)/\(first)").modified
        }
        self.settings = settings
        self.path = path
        self.stop = stop
        epoch = Epoch(camera: settings.camera, started: started)
        clock = SourceClock(started: started, framesPerSecond: rate)
        selection = SourceSelection(settings)
    }

    mutating func next() -> SourceEvent? {
        while !stop.isRequested {
            if !pending.isEmpty { return pending.removeFirst() }
            if ended { return nil }
            step()
        }
        return nil
    }

    mutating func takeTallies() -> [Tally: Int] { selection.takeTallies() }

    private mutating func step() {
        let id = FrameID(camera: settings.camera, epoch: epoch, frame: frames)
        guard frames < names.count else {
            ended = true
            pending.append(.record(StreamRecord(id: id, time: clock.last ?? clock.started, body: .endOfStream)))
            return
        }
        let name = names[frames]
        let time = clock.time(frame: frames, presentation: clock.interval * frames)
        frames += 1
        do throws(VisionError) {
            guard selection.samples(time) else { return }
            let picture = try Picture.decoding(try SourceFiles.bytes(of: "\(path)/\(name)"))
            if selection.isGated {
                let cells = try picture.grey().resized(width: MotionGate.width, height: MotionGate.height).greyBytes
                guard selection.passes(cells, at: time) else { return }
            }
            pending.append(.record(StreamRecord(id: id, time: time, body: .frame(picture))))
        } catch {
            let reason = "\(path)/\(name), frame \(id.frame), \(time.rfc3339), is skipped: \(error.reason)"
            pending.append(.rejected(BadRecord(code: SourceFault.badImage, reason: reason), id, time))
        }
    }

    /// Digits compare as numbers, everything else as bytes; names that tie that way (`1`, `01`) by their bytes.
    static func inNaturalOrder(_ names: [String]) -> [String] {
        names.map { (key: NaturalKey($0), name: $0) }.sorted { $0.key < $1.key }.map(\.name)
    }
}

/// A name cut into runs of digits and single other bytes.
struct NaturalKey: Comparable {
    private enum Part: Comparable {
        /// Count of digits without leading zeros, then those digits: compares any length without overflow.
        case number(count: Int, digits: String)
        case byte(UInt8)
    }
    private var parts: [Part] = []
    private let name: String

    init(_ name: String) {
        self.name = name
        var digits = ""
        func number() -> Part {
            let significant = String(digits.drop { $0 == "0" })
            return .number(count: significant.utf8.count, digits: significant)
        }
        for byte in name.utf8 {
            if (48...57).contains(byte) {
                digits.unicodeScalars.append(UnicodeScalar(byte))
                continue
            }
            if !digits.isEmpty {
                parts.append(number())
                digits = ""
            }
            parts.append(.byte(byte))
        }
        if !digits.isEmpty { parts.append(number()) }
    }

    static func < (a: NaturalKey, b: NaturalKey) -> Bool {
        if a.parts != b.parts { return a.parts.lexicographicallyPrecedes(b.parts) }
        return a.name < b.name
    }
}

extension Picture {
    /// The bytes of a grey picture, row after row.
    var greyBytes: [UInt8] {
        withPixels { data, step in
            (0..<height).flatMap { row in UnsafeBufferPointer(start: data + row * step, count: width) }
        }
    }
}
