public import Foundation
import Grammars
public import Stages

/// Which reader the read stage uses, and what it knows about plates.
public struct ReaderSettings: Hashable, Sendable {
    /// By name; ``PlateReaderRecipe/readers`` lists those that are built in.
    public var reader = "tesseract"
    /// The name of a model in the manifest; nil takes the most wanted that is installed.
    public var model: String?
    /// A grammar file; nil takes `grammars.yaml` of the first model folder that has one.
    public var grammars: URL?
    /// Reads below this confidence are not accepted, 0...1; nil takes ``Stages/ReadEvidence/defaultAbstain``.
    public var abstain: Double?

    public init() {}
}

/// What keeps a reader from being put together. Codes `OCR2xx` are stable.
public enum PlateReaderError: Error, Equatable, Sendable, CustomStringConvertible {
    case unknownReader(String, known: [String])
    case noGrammars(folders: [String])

    public var description: String {
        switch self {
        case .unknownReader(let name, let known):
            "OCR201 no plate reader is called '\(name)'. Set read.reader to one of: \(known.joined(separator: ", "))."
        case .noGrammars(let folders):
            "OCR202 no grammars.yaml in \(folders.joined(separator: ", ")). Run `make models`, or set read.grammars."
        }
    }
}

/// The reader's model and grammars, found and checked once; each worker makes its own stage from it.
///
/// Another reader joins by conforming to ``Stages/PlateReading`` and getting a name here.
public struct PlateReaderRecipe: Sendable {
    public static let readers = ["tesseract"]

    /// The checked `.traineddata` file.
    public let model: URL
    /// Lines that the readers made from this recipe have recognised so far.
    public let calls = NetworkCalls()
    /// Shared by all workers.
    public let interpreter: ReadInterpreter

    /// - Throws: ``PlateReaderError``, ``ModelStoreError`` or ``GrammarError``: each says what to do.
    public init(_ settings: ReaderSettings, store: ModelStore) throws {
        guard Self.readers.contains(settings.reader) else {
            throw PlateReaderError.unknownReader(settings.reader, known: Self.readers)
        }
        model = try store.file(for: .reader, named: settings.model)
        let files = store.folders.map { $0.appending(path: "grammars.yaml") }
        guard
            let grammars = settings.grammars
                ?? files.first(where: { FileManager.default.isReadableFile(atPath: $0.path) })
        else { throw PlateReaderError.noGrammars(folders: store.folders.map(\.path)) }
        var interpretation = ReadInterpreter.Settings()
        if let abstain = settings.abstain { interpretation.abstainBelow = abstain }
        interpreter = ReadInterpreter(grammars: try GrammarFile.load(grammars.path), settings: interpretation)
    }

    /// Loads the model; about 20 ms.
    ///
    /// - Parameter settings: How it looks at a plate; ``TesseractReader/Settings/exact`` for plates cut out by hand.
    public func makeReader(
        _ settings: TesseractReader.Settings = TesseractReader.Settings()
    ) throws(TesseractError) -> TesseractReader {
        try TesseractReader(model: model.path, settings: settings, calls: calls)
    }

    /// A read stage of one worker.
    public func makeStage() throws(TesseractError) -> Read<TesseractReader> {
        Read(reader: try makeReader(), interpreter: interpreter)
    }
}
