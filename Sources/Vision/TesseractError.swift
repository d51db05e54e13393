/// What keeps Tesseract from starting. Codes `OCR1xx` are stable.
public enum TesseractError: Error, Equatable, Sendable, CustomStringConvertible {
    /// No file at this path, or one that this process may not read.
    case modelMissing(path: String)
    /// The file is there, but Tesseract won't load it: truncated, damaged, or without an LSTM.
    case modelRefused(path: String)
    /// This Tesseract does not know a variable that the reader depends on.
    case variableRefused(name: String, version: String)

    public var description: String {
        switch self {
        case .modelMissing(let path):
            "OCR101 no plate model at \(path). Run `make models`, which installs it, or name another in the settings."
        case .modelRefused(let path):
            """
            OCR102 Tesseract refuses the plate model \(path): it is damaged or has no LSTM. \
            Delete it and run `make models`.
            """
        case .variableRefused(let name, let version):
            "OCR103 Tesseract \(version) has no variable \(name). Install libtesseract5 5.3 or newer."
        }
    }
}
