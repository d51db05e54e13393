internal import CTesseract
internal import Stages

#if canImport(Glibc)
    import Glibc
#endif

/// Characters of one line image, by Tesseract's LSTM through its C API.
///
/// Moves, never copies: one handle per worker, loaded once (about 20 ms) and used by one thread at a time. A line takes
/// 5 ms on one core, but 30 ms unless `OMP_THREAD_LIMIT=1` was in the environment before the process started;
/// the executables see to that.
struct TesseractLine: ~Copyable {
    private let handle: OpaquePointer

    /// Tesseract reports each choice as 100 minus its cost times this; small enough that a cost of 50 still counts.
    private static let costScale = 2.0
    /// Costs are negative log-likelihoods summed over the frames of a symbol, and so exaggerate. Divided by this they
    /// make usable probabilities; 1 to 2.5 read alike. Source: docs/decisions/0006-reading.md.
    private static let temperature = 1.6

    /// - Parameter model: A `.traineddata` file whose characters are A–Z and 0–9.
    init(model: String) throws(TesseractError) {
        guard access(model, R_OK) == 0 else { throw .modelMissing(path: model) }
        let parts = model.split(separator: "/", omittingEmptySubsequences: false)
        let folder = parts.count > 1 ? parts.dropLast().joined(separator: "/") + "/" : "./"
        guard let name = parts.last, name.hasSuffix(".traineddata") else { throw .modelRefused(path: model) }

        // The stored property comes last: an initializer that throws after all are set would run `deinit` as well.
        guard let created = TessBaseAPICreate() else { throw .modelRefused(path: model) }
        guard TessBaseAPIInit2(created, folder, String(name.dropLast(12)), OEM_LSTM_ONLY) == 0 else {
            TessBaseAPIDelete(created)
            throw .modelRefused(path: model)
        }
        let variables = [
            // Off: a plate is not a word, and dark plates were in the training.
            ("load_system_dawg", "0"), ("load_freq_dawg", "0"), ("tessedit_do_invert", "0"),
            ("debug_file", "/dev/null"),
            // Alternatives per symbol: they cost half a millisecond a line.
            ("lstm_choice_mode", "2"), ("lstm_choice_iterations", "5"),
            ("lstm_rating_coefficient", "\(Self.costScale)"),
        ]
        for (variable, value) in variables where TessBaseAPISetVariable(created, variable, value) == 0 {
            TessBaseAPIEnd(created)
            TessBaseAPIDelete(created)
            throw .variableRefused(name: variable, version: Self.version)
        }
        TessBaseAPISetPageSegMode(created, PSM_RAW_LINE)
        handle = created
    }

    deinit {
        TessBaseAPIEnd(handle)
        TessBaseAPIDelete(handle)
    }

    /// For example `5.3.0`.
    static var version: String { String(cString: TessVersion()) }

    /// - Parameter line: Grey.
    /// - Returns: Nil when Tesseract failed; an empty line when it saw nothing.
    mutating func read(_ line: Picture) -> RawLine? {
        line.withPixels { pixels, step in
            TessBaseAPISetImage(handle, pixels, Int32(line.width), Int32(line.height), 1, Int32(step))
            // Any value keeps Tesseract from guessing one, with a warning, for each line.
            TessBaseAPISetSourceResolution(handle, 150)
        }
        // The image was copied above; what was recognised is freed with the iterator and the next image.
        guard TessBaseAPIRecognize(handle, nil) == 0 else { return nil }
        guard let iterator = TessBaseAPIGetIterator(handle) else { return RawLine(symbols: []) }
        defer { TessResultIteratorDelete(iterator) }
        var symbols: [RawSymbol] = []
        repeat {
            if let symbol = Self.symbol(at: iterator) { symbols.append(symbol) }
        } while TessResultIteratorNext(iterator, RIL_SYMBOL) != 0
        return RawLine(symbols: symbols)
    }

    private static func symbol(at iterator: OpaquePointer) -> RawSymbol? {
        guard let text = TessResultIteratorGetUTF8Text(iterator, RIL_SYMBOL) else { return nil }
        defer { TessDeleteText(text) }
        guard let chosen = character(text) else { return nil }
        var costs: [(character: UInt8, cost: Double)] = []
        if let choices = TessResultIteratorGetChoiceIterator(iterator) {
            defer { TessChoiceIteratorDelete(choices) }
            repeat {
                guard let text = TessChoiceIteratorGetUTF8Text(choices), let character = character(text) else {
                    continue
                }
                let cost = (100 - Double(TessChoiceIteratorConfidence(choices))) / costScale
                costs.append((character, cost))
            } while TessChoiceIteratorNext(choices) != 0
        }
        // The line's best path may differ from the symbol's cheapest choice; the path wins.
        let least = costs.map(\.cost).min() ?? 0
        if let at = costs.firstIndex(where: { $0.character == chosen }) {
            costs[at].cost = least
        } else {
            costs.append((chosen, least))
        }
        let weights = costs.map { exp(-($0.cost - least) / temperature) }
        let sum = weights.reduce(0, +)
        let choices = zip(costs, weights).map { RawChoice(character: $0.character, probability: $1 / sum) }
        return RawSymbol(choices: choices.sorted { ($0.probability, $1.character) > ($1.probability, $0.character) })
    }

    /// Nil for anything but one of A–Z and 0–9.
    private static func character(_ text: UnsafePointer<CChar>) -> UInt8? {
        let byte = UInt8(bitPattern: text[0])
        guard byte != 0, text[1] == 0 else { return nil }
        return (65...90).contains(byte) || (48...57).contains(byte) ? byte : nil
    }
}
