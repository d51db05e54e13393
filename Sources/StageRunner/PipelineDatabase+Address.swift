internal import Foundation

extension PipelineDatabase {
    /// Where to connect: the file's `url`, else `GANTRY_DATABASE`, else the private cluster under `.gantry`.
    ///
    /// - Parameter home: The folder `.gantry`; nil when there is none.
    /// - Returns: A libpq address.
    /// - Throws: ``PipelineError/problems(_:)`` when there is no address and no private cluster runs.
    public func address(home: String?, environment: [String: String]? = nil) throws(PipelineError) -> String {
        if let url { return url }
        let environment = environment ?? ProcessInfo.processInfo.environment
        if let named = environment["GANTRY_DATABASE"], !named.isEmpty { return named }
        guard let home else {
            throw Self.nowhere(".gantry", "no database is named, and there is no folder .gantry", "run `make database`")
        }
        let folder = "\(home)/postgres"
        // A running server says in its fifth line in which folder its socket lies.
        let lines =
            FileManager.default.contents(atPath: "\(folder)/postmaster.pid")
            .map { String(decoding: $0, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) } ?? []
        guard lines.count > 4, lines[4].hasPrefix("/") else {
            let there = FileManager.default.fileExists(atPath: folder)
            throw Self.nowhere(
                folder,
                there
                    ? "the private database does not run, or belongs to another user"
                    : "no database is named, and there is no private one",
                "run `make database`, or set database.url or GANTRY_DATABASE")
        }
        return "postgresql://gantry@/gantry?host=\(lines[4])"
    }

    private static func nowhere(_ place: String, _ what: String, _ remedy: String) -> PipelineError {
        .problems([
            PipelineProblem(file: place, line: 0, column: 0, code: .database, what: what, remedy: remedy)
        ])
    }
}
