/// A descriptor or manifest that can't be used. Codes `MDL1xx` are stable.
public enum ModelFileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Everything wrong in one file, in the order of its lines.
    case invalid(file: String, problems: [Problem])

    public struct Problem: Hashable, Sendable, CustomStringConvertible {
        /// Counted from 1.
        public var line: Int
        public var what: String

        public init(line: Int, what: String) {
            self.line = line
            self.what = what
        }
        public var description: String { "line \(line): \(what)" }
    }

    public var description: String {
        switch self {
        case .invalid(let file, let problems):
            (["MDL101 \(file) can't be used:"] + problems.map { "  \(file):\($0.line): \($0.what)" })
                .joined(separator: "\n")
        }
    }
}

extension ModelDescriptor {
    /// Reads a descriptor.
    ///
    /// - Parameters:
    ///   - yaml: The file's text; its keys are explained in docs/decisions/0005-inference.md.
    ///   - file: Its name, for messages.
    /// - Throws: ``ModelFileError/invalid(file:problems:)`` with every problem and its line.
    public init(yaml: String, file: String) throws(ModelFileError) {
        let problems = ModelFileProblems()
        guard let root = ModelFields(yaml: yaml, problems) else { throw problems.error(file) }
        let task = root.word("task", ModelTask.self)
        let decode = root.word("decode", DecodeKind.self)
        let model = root.text("model", required: true)
        let configuration = root.text("configuration", required: false)
        let outputs = root.texts("outputs")
        let score = root.number("score", 0...1)
        let sure = root.line("sure") == nil ? nil : root.number("sure", 0...1)
        let hide = root.line("hide") == nil ? nil : root.number("hide", 0...1)
        if let line = root.line("sure"), task != .plates {
            problems.add(line, "'sure' is for plates: nothing else is read")
        }
        if let line = root.line("hide"), task != .plates {
            problems.add(line, "'hide' is for plates: every face found is hidden, and vehicles never are")
        } else if let line = root.line("hide"), let hide, let score, hide > score {
            problems.add(line, "'hide' is \(hide), more than 'score': what is read must not be found later than hidden")
        }
        let overlap = root.number("overlap", 0...1, absent: 0.45)
        let nested = root.line("nested") == nil ? nil : root.number("nested", 0...1)
        let classes = root.classes("classes", needed: task == .vehicles)
        var width: Int?
        var height: Int?
        var preparation = Preparation()
        if let input = root.fields("input") {
            width = input.integer("width", 8...8192)
            height = input.integer("height", 8...8192)
            preparation.fit = input.word("fit", Preparation.Fit.self) ?? .corner
            preparation.colour = input.word("colour", Preparation.Colour.self) ?? .bgr
            preparation.pad = Float(input.number("pad", 0...255, absent: 114) ?? 114)
            preparation.mean = input.perChannel("mean", absent: 0)
            preparation.scale = input.perChannel("scale", absent: 1)
            input.close()
        }
        if task == .reader, let line = root.line("task") {
            problems.add(line, "a descriptor is for vehicles, plates or faces; readers are described in code")
        }
        if let decode, let task { problems.check(decode, fits: task, outputs, root.line("decode") ?? 1) }
        root.close()
        guard problems.isEmpty, let task, let decode, let model, let width, let height, let score, let overlap else {
            throw problems.error(file)
        }
        self.init(
            task: task, model: model, configuration: configuration, decode: decode, width: width, height: height,
            preparation: preparation, outputs: outputs, classes: classes, score: score, sure: sure, hide: hide,
            overlap: overlap, nested: nested)
    }
}

extension ModelFileProblems {
    /// Which decoder makes sense for which task, and with how many outputs.
    fileprivate func check(_ decode: DecodeKind, fits task: ModelTask, _ outputs: [String], _ line: Int) {
        switch (decode, task) {
        case (.clpDet, .plates), (.lpdYuNet, .plates), (.cornerMap, .plates), (.centerface, .faces), (.yunet, .faces),
            (.yolox, _), (.yolov8, _), (.yolov3, _):
            break
        default: add(line, "decode '\(decode.rawValue)' does not find \(task.rawValue)")
        }
        let wanted: ClosedRange<Int>? =
            switch decode {
            case .yolox, .yolov8, .cornerMap: 0...1
            case .clpDet, .lpdYuNet: 3...3
            case .centerface: 3...4
            case .yunet: 9...9
            case .yolov3: nil
            }
        if let wanted, !wanted.contains(outputs.count) {
            let names = wanted.lowerBound == wanted.upperBound ? "\(wanted.lowerBound)" : "\(wanted)"
            add(line, "decode '\(decode.rawValue)' takes \(names) names under 'outputs', not \(outputs.count)")
        }
    }
}
