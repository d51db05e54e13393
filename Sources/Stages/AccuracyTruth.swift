public import Traffic

/// A plate as a person labelled it.
public struct PlateLabel: Hashable, Sendable {
    /// The image, as `truth.tsv` names it.
    public var file: String
    /// Pixels of the image; nil when the whole image is the plate.
    public var box: Box?
    public var text: PlateText
    /// Of `truth.tsv`, from 1.
    public var line: Int

    public init(file: String, box: Box?, text: PlateText, line: Int) {
        self.file = file
        self.box = box
        self.text = text
        self.line = line
    }
}

/// Why labels can't be used. Codes `BEN1xx` are stable.
public enum PlateTruthError: Error, Equatable, Sendable, CustomStringConvertible {
    public struct Problem: Hashable, Sendable {
        /// From 1.
        public var line: Int
        public var what: String
        /// What to do.
        public var remedy: String
    }

    /// The folder, or its truth.tsv, is not there.
    case noTruth(path: String, why: String)
    /// There is no row in it.
    case empty(path: String)
    /// Everything that is wrong in it, in order.
    case problems(path: String, [Problem])
    /// An image can't be decoded, or a plate lies outside it.
    case image(path: String, line: Int, what: String)

    static let columns =
        "file, x, y, width, height and text, tab-separated; one row a plate, boxes in pixels from the top left"

    public var description: String {
        switch self {
        case .noTruth(let path, let why):
            "BEN101 can't read \(path): \(why). Give a folder that holds images and a truth.tsv: \(Self.columns)."
        case .empty(let path): "BEN102 \(path) labels no plate. Write rows of \(Self.columns)."
        case .problems(let path, let problems):
            ([
                "BEN103 \(path) has \(problems.count) unusable \(problems.count == 1 ? "row" : "rows") "
                    + "(rows are \(Self.columns)):"
            ]
                + problems.prefix(Self.most).map { "  line \($0.line): \($0.what); \($0.remedy)" }
                + (problems.count > Self.most ? ["  and \(problems.count - Self.most) more"] : []))
                .joined(separator: "\n")
        case .image(let path, let line, let what):
            "BEN104 \(path), line \(line): \(what). Correct the row, or remove it."
        }
    }
    /// More would push the first ones out of sight.
    private static let most = 12
}

/// The labels of a folder of images, read from its `truth.tsv`.
public struct PlateTruth: Hashable, Sendable {
    /// In the order of the file; not empty.
    public let labels: [PlateLabel]

    /// Reads rows of file, x, y, width, height, text. Empty lines and a line of column names at the top are skipped.
    ///
    /// - Parameters:
    ///   - tsv: The text of the file.
    ///   - path: Its name, for errors.
    ///   - allowsWholeImages: Whether rows of just file and text may stand there, for images that are one plate each.
    ///   - exists: Whether the folder holds an image.
    public init(
        tsv: String, path: String, allowsWholeImages: Bool = false, exists: (String) -> Bool
    ) throws(PlateTruthError) {
        var labels: [PlateLabel] = []
        var problems: [PlateTruthError.Problem] = []
        var seen: [PlateLabel: Int] = [:]
        for (index, row) in tsv.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = index + 1
            let columns = row.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            if row.allSatisfy(\.isWhitespace) || line == 1 && columns.first == "file" { continue }
            do throws(RowFault) {
                let label = try Self.label(columns, line: line, allowsWholeImages: allowsWholeImages, exists: exists)
                var place = label
                place.line = 0
                if let before = seen.updateValue(line, forKey: place) {
                    throw RowFault(what: "the same plate as line \(before)", remedy: "remove one of them")
                }
                labels.append(label)
            } catch {
                problems.append(.init(line: line, what: error.what, remedy: error.remedy))
            }
        }
        guard problems.isEmpty else { throw .problems(path: path, problems) }
        guard !labels.isEmpty else { throw .empty(path: path) }
        self.labels = labels
    }

    /// Images in the order in which they are first named, each with its plates.
    public var images: [(file: String, labels: [PlateLabel])] {
        var order: [String] = []
        var plates: [String: [PlateLabel]] = [:]
        for label in labels {
            if plates[label.file] == nil { order.append(label.file) }
            plates[label.file, default: []].append(label)
        }
        return order.map { ($0, plates[$0] ?? []) }
    }

    private struct RowFault: Error {
        var what, remedy: String
    }

    private static func label(
        _ columns: [String], line: Int, allowsWholeImages: Bool, exists: (String) -> Bool
    ) throws(RowFault) -> PlateLabel {
        let isWhole = allowsWholeImages && columns.count == 2
        guard columns.count == 6 || isWhole else {
            let count = columns.count == 1 ? "1 column" : "\(columns.count) columns"
            let remedy =
                switch columns.count {
                case 1: "separate columns by tabs"
                case 2: "write all six; rows of just file and text are for --crops"
                default: "write all six, with one tab between two"
                }
            throw RowFault(what: "\(count) instead of 6", remedy: remedy)
        }
        let file = columns[0]
        guard !file.isEmpty, exists(file) else {
            throw RowFault(what: "there is no image '\(file)' beside it", remedy: "put it there or remove the row")
        }
        guard let text = PlateText(columns[columns.count - 1]) else {
            throw RowFault(
                what: "the text '\(columns[columns.count - 1])' has no letter A-Z or digit",
                remedy: "write the plate's characters")
        }
        var box: Box?
        if !isWhole {
            var numbers: [Double] = []
            for (name, column) in zip(["x", "y", "width", "height"], columns[1...4]) {
                guard let number = Double(column), number.isFinite else {
                    throw RowFault(what: "\(name) is '\(column)', which is no number", remedy: "write pixels")
                }
                numbers.append(number)
            }
            guard numbers[2] > 0, numbers[3] > 0 else {
                throw RowFault(
                    what: "the plate is \(columns[3]) wide and \(columns[4]) high", remedy: "write sizes above 0")
            }
            box = Box(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
        }
        return PlateLabel(file: file, box: box, text: text, line: line)
    }
}
