public import ArgumentParser
import Foundation
public import Papers
import Traffic

/// Papers for supervisory authorities, auditors and the public.
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Writes the papers that operators must produce, from what the system really does.",
        discussion: """
            dpia: data protection impact assessment, with the flow of the data (GDPR article 35, directive (EU) 2016/680 \
            article 27). policy: usage and privacy policy for the public (California Civil Code 1798.90.51). transparency: \
            what there is, and who looked how often and what for, from the audit log.

            Each is one HTML page for reading and printing; what only the operator can say is framed. What should be \
            settled before real traffic is seen, such as a missing retention, is listed on standard error and in the dpia.

              gantry report dpia --pipeline pipelines/live.yaml --out dpia.html
            """)
    @OptionGroup var system: SystemOptions
    @Argument(help: "dpia, policy or transparency.")
    var paper: Paper
    @Option(help: ArgumentHelp("Where the page goes (default: standard output).", valueName: "file"))
    var out: String?
    @Option(help: "Days of the audit log that are counted, today included.")
    var days = 30

    func validate() throws {
        guard (1...3660).contains(days) else { throw ValidationError("--days is 1 to 3660") }
    }

    func run() async throws {
        try answering {
            let facts = try ReportFacts(system: system, days: days).gathered()
            let document = paper.document(facts, drawing: paper == .dpia ? Self.drawn(DataFlow(facts).dot) : nil)
            if let out {
                do { try Data(document.html.utf8).write(to: URL(filePath: out), options: .atomic) } catch {
                    complain("can't write \(out): \(error.localizedDescription)")
                    throw ExitCode(74)
                }
            } else {
                print(document.html, terminator: "")
            }
            if document.blanks > 0 { complain("\(document.blanks) places are for the operator to fill in.") }
            for point in document.openPoints { complain("To be settled: \(point)") }
        }
    }

    /// The drawing as SVG, without Graphviz's prologue; nil when Graphviz is not installed.
    private static func drawn(_ dot: String) -> String? {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["dot", "-Tsvg"]
        let input = Pipe(), output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        try? input.fileHandleForWriting.write(contentsOf: Data(dot.utf8))
        try? input.fileHandleForWriting.close()
        let bytes = (try? output.fileHandleForReading.readToEnd()) ?? Data()
        process.waitUntilExit()
        let text = String(decoding: bytes, as: UTF8.self)
        guard process.terminationStatus == 0, let start = text.range(of: "<svg") else {
            complain("Without a drawing of the data's flow: install Graphviz (`make setup`).")
            return nil
        }
        return String(text[start.lowerBound...])
    }
}

extension Paper: ExpressibleByArgument {}
