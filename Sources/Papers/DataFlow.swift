/// The way of the data from camera to answer, in Graphviz's language.
public struct DataFlow {
    private let facts: SystemFacts

    public init(_ facts: SystemFacts) { self.facts = facts }

    /// Digraph of stages, stores and readers; personal data has solid arrows, aggregates have dashed ones.
    public var dot: String {
        var lines = [
            "digraph flow {", "rankdir=TB; bgcolor=transparent; nodesep=0.2; ranksep=0.25;",
            "node [shape=box, style=\"rounded,filled\", fillcolor=\"#eef3f8\", color=\"#5b6b7d\", fontname=\"Helvetica\", fontsize=11];",
            "edge [fontname=\"Helvetica\", fontsize=9, color=\"#5b6b7d\", fontcolor=\"#55606e\"];",
            "camera [label=\"cameras\", shape=oval];",
        ]
        var before = "camera", gives = "video"
        for stage in facts.stages {
            lines.append(
                "\(Self.quoted(stage.name)) [label=\(Self.quoted("\(stage.name)\n\(Self.wrapped(stage.does, 44))"))];")
            lines.append(
                "\(Self.quoted(before)) -> \(Self.quoted(stage.name)) [label=\(Self.quoted(Self.wrapped(gives, 40)))];")
            (before, gives) = (stage.name, stage.gives)
        }
        lines += [
            "database [label=\"database\npseudonyms,\nsealed plates\", shape=cylinder, fillcolor=\"#fdf3e1\"];",
            "keys [label=\"keys\noutside the\ndatabase\", shape=cylinder, fillcolor=\"#fde8e8\"];",
            "audit [label=\"audit log\nhash-chained\", shape=cylinder, fillcolor=\"#fdf3e1\"];",
            "analyst [label=\"analysts\naggregates only\", shape=oval, fillcolor=\"#e9f6ec\"];",
            "investigator [label=\"investigators\none vehicle,\npurpose and case\", shape=oval, fillcolor=\"#e9f6ec\"];",
            "auditor [label=\"auditors\", shape=oval, fillcolor=\"#e9f6ec\"];",
            "\(Self.quoted(before)) -> database [label=\(Self.quoted(Self.wrapped(gives, 40)))];",
            "keys -> \(Self.quoted(before)) [label=\"protects\"];",
            "database -> analyst [label=\"counts from k on\", style=dashed];",
            "database -> investigator [label=\"sightings, sealed\"];",
            "keys -> investigator [label=\"opens one\"];",
            "investigator -> audit [label=\"every look\"];", "audit -> auditor [style=dashed];", "}",
        ]
        return lines.joined(separator: "\n")
    }

    /// Broken between words into lines of about so many characters.
    private static func wrapped(_ text: String, _ width: Int) -> String {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + word.count < width {
                lines[lines.count - 1] += " \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines.joined(separator: "\n")
    }

    private static func quoted(_ text: String) -> String {
        "\""
            + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            + "\""
    }
}
