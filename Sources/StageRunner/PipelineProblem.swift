/// One thing wrong with a pipeline file, with its place and its remedy.
public struct PipelineProblem: Hashable, Sendable, Codable {
    /// Stable codes of pipeline files. A number is never reused.
    public enum Code: String, Hashable, Sendable, Codable, CaseIterable {
        // The file as a whole.
        case unreadable = "PIP101"
        case tooLarge = "PIP102"
        case notUTF8 = "PIP103"
        case empty = "PIP104"
        case syntax = "PIP105"
        case duplicateKey = "PIP106"
        // Keys and values.
        case unknownKey = "PIP110"
        case missingKey = "PIP111"
        case wrongShape = "PIP112"
        case wrongType = "PIP113"
        case missingUnit = "PIP114"
        case wrongUnit = "PIP115"
        case outOfRange = "PIP116"
        case unknownWord = "PIP117"
        // Names, cameras and what settings point at.
        case unusableName = "PIP120"
        case duplicateCamera = "PIP121"
        case missingSource = "PIP122"
        case unknownSource = "PIP123"
        case notATime = "PIP124"
        case unknownTimezone = "PIP125"
        case noCameras = "PIP126"
        case missingVariable = "PIP127"
        case missingFile = "PIP128"
        case unusableCalibration = "PIP129"
        // The world around: asked only by `gantry check` and at a stage's start.
        case model = "PIP130"
        case broker = "PIP131"
        case database = "PIP132"
        case keys = "PIP133"
        // Settings that are fine alone and wrong together.
        case conflict = "PIP140"
        case unknownStage = "PIP141"
        // Settings that are allowed and hardly meant: a warning, the file can be used.
        case doubtful = "PIP142"
        // The list of cameras in a media folder.
        case noCameraList = "PIP150"
    }

    /// As the user named it.
    public var file: String
    /// From 1; 0 where the problem belongs to the whole file.
    public var line: Int
    /// Characters from 1; 0 where the problem belongs to the whole file.
    public var column: Int
    public var code: Code
    /// What is wrong, with the real value.
    public var what: String
    /// What to do about it.
    public var remedy: String

    public init(file: String, line: Int, column: Int, code: Code, what: String, remedy: String) {
        self.file = file
        self.line = line
        self.column = column
        self.code = code
        self.what = what
        self.remedy = remedy
    }
}

extension PipelineProblem: CustomStringConvertible {
    /// `file:line:column: CODE what; remedy`, the form that editors jump to.
    public var description: String {
        let place = line > 0 ? "\(file):\(line):\(column)" : file
        return "\(place): \(code.rawValue) \(what); \(remedy)"
    }
}

extension PipelineProblem: Comparable {
    public static func < (a: PipelineProblem, b: PipelineProblem) -> Bool {
        (a.file, a.line, a.column, a.code.rawValue, a.what) < (b.file, b.line, b.column, b.code.rawValue, b.what)
    }
}

/// Why a pipeline can't be used.
public enum PipelineError: Error, Equatable, CustomStringConvertible {
    /// Everything wrong with the file, sorted by place; never empty.
    case problems([PipelineProblem])

    public var description: String {
        switch self {
        case .problems(let problems): problems.map(\.description).joined(separator: "\n")
        }
    }
}
