public import Stages
public import Traffic

/// Reads plates with Tesseract: decodes the crop, straightens the plate, looks at it once or, when in doubt, thrice.
public struct TesseractReader: PlateReading, ~Copyable {
    public struct Settings: Hashable, Sendable {
        /// The looks, in order; the first must be the best single one.
        public var margins: [LineImage.Margin]
        /// Further looks are taken only when some symbol of the first is less probable than this; 0...1.
        public var certain: Double
        /// Plates less wide than this many times their height are also tried as two rows.
        public var twoRowsBelow: Double

        /// Source of the defaults: docs/decisions/0006-reading.md. They suit a plate detector, whose boxes cut into
        /// plates more than they overshoot.
        public init(
            margins: [LineImage.Margin] = [
                .init(across: 0.03, down: 0.05), .init(across: 0.06, down: 0.1), .init(across: 0.1, down: 0.05),
            ], certain: Double = 0.9, twoRowsBelow: Double = 1.75
        ) {
            precondition(!margins.isEmpty, "a reader takes at least one look")
            self.margins = margins
            self.certain = certain
            self.twoRowsBelow = twoRowsBelow
        }

        /// For plates cut out exactly, with little or nothing around them.
        public static let exact = Settings(
            margins: [
                .init(across: 0.03, down: 0.08), .init(across: -0.02, down: 0), .init(across: 0, down: 0.06),
            ])
    }

    private var engine: TesseractLine
    private let settings: Settings
    private let calls: NetworkCalls

    /// - Parameters:
    ///   - model: The `.traineddata` file, with or without a folder before it.
    ///   - calls: Counts the lines recognised.
    public init(
        model: String, settings: Settings = Settings(), calls: NetworkCalls = NetworkCalls()
    ) throws(TesseractError) {
        let engine = try TesseractLine(model: model)
        self.settings = settings
        self.calls = calls
        self.engine = engine
    }

    /// The bare recognition of one plate's line image, again and again: what a benchmark compares the pipeline with.
    ///
    /// - Parameter plate: A plate cut out exactly.
    public mutating func runBare(on plate: Picture, times: Int) throws(PlateRefusal) {
        let whole = Box(x: 0, y: 0, width: Double(plate.width), height: Double(plate.height))
        try runBare(on: firstLine(of: plate, corners: Quadrilateral(whole)), times: times)
    }

    /// The same, on a line that is cut already.
    public mutating func runBare(on line: LineImage, times: Int) throws(PlateRefusal) {
        for _ in 0..<times where engine.read(line.picture) == nil {
            throw .fault("Tesseract could not recognise a line")
        }
    }

    /// A plate's line as the first look cuts it.
    ///
    /// - Parameter corners: Pixels of `picture`.
    public func firstLine(of picture: Picture, corners: Quadrilateral) throws(PlateRefusal) -> LineImage {
        try cut(picture, corners, settings.margins[0], 0...1)
    }

    /// Of the Tesseract in use, for example `5.3.0`.
    public static var engineVersion: String { TesseractLine.version }

    public mutating func read(jpeg: [UInt8], corners: Quadrilateral) throws(PlateRefusal) -> RawRead {
        let picture: Picture
        do { picture = try Picture.decoding(jpeg) } catch { throw .unreadableCrop }
        return try read(picture, corners: corners)
    }

    /// - Parameter corners: Pixels of `picture`.
    public mutating func read(_ picture: Picture, corners: Quadrilateral) throws(PlateRefusal) -> RawRead {
        let size = corners.sides
        guard size.width >= LineImage.smallest.width, size.height >= LineImage.smallest.height else {
            throw .tooSmall
        }
        let first = try cut(picture, corners, settings.margins[0], 0...1)
        var lines = [try look(at: first.picture)]
        var rows = [0.0...1.0]
        if size.width < settings.twoRowsBelow * size.height {
            let both: [ClosedRange<Double>]
            do { both = try PlateRows.find(in: picture, corners) } catch { throw .fault("\(error)") }
            let upperAndLower = try look(at: picture, corners, settings.margins[0], both)
            if Self.certainty(upperAndLower) > Self.certainty(lines[0]) {
                lines = [upperAndLower]
                rows = both
            }
        }
        if Self.weakest(lines[0]) < settings.certain {
            for margin in settings.margins.dropFirst() {
                lines.append(try look(at: picture, corners, margin, rows))
            }
        }
        let sharpness: Double
        do { sharpness = try first.sharpness() } catch { throw .fault("\(error)") }
        return RawRead(lines: lines, sharpness: sharpness)
    }

    private mutating func look(
        at picture: Picture, _ corners: Quadrilateral, _ margin: LineImage.Margin, _ rows: [ClosedRange<Double>]
    ) throws(PlateRefusal) -> RawLine {
        var symbols: [RawSymbol] = []
        for row in rows { symbols += try look(at: cut(picture, corners, margin, row).picture).symbols }
        return RawLine(symbols: symbols)
    }

    private mutating func look(at line: Picture) throws(PlateRefusal) -> RawLine {
        calls.count(.reader)
        guard let read = engine.read(line) else { throw .fault("Tesseract could not recognise a line") }
        return read
    }

    private func cut(
        _ picture: Picture, _ corners: Quadrilateral, _ margin: LineImage.Margin, _ row: ClosedRange<Double>
    ) throws(PlateRefusal) -> LineImage {
        do {
            return try LineImage(picture, corners: corners, margin: margin, band: row)
        } catch { throw .fault("\(error)") }
    }

    private static func weakest(_ line: RawLine) -> Double { line.symbols.map(\.best.probability).min() ?? 0 }

    /// Mean belief in the symbols, for comparing layouts; 0 for fewer symbols than any plate has.
    private static func certainty(_ line: RawLine) -> Double {
        guard line.symbols.count >= 4 else { return 0 }
        return line.symbols.map(\.best.probability).reduce(0, +) / Double(line.symbols.count)
    }
}
