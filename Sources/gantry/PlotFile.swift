import Foundation
import StageRunner

/// Where a picture of an answer goes, drawn by the `vl-convert` package of .gantry/python, without a network.
struct PlotFile {
    enum Kind: String, CaseIterable {
        case png, svg, html
        /// The Vega-Lite specification itself.
        case specification = "vl.json"
    }

    let path: String
    let kind: Kind

    /// Nil for another ending.
    init?(_ path: String) {
        guard let kind = Kind.allCases.first(where: { path.lowercased().hasSuffix(".\($0.rawValue)") }) else {
            return nil
        }
        self.path = path
        self.kind = kind
    }

    /// - Parameter specification: As `Answer.plot` makes it.
    func write(_ specification: String) throws {
        let data = Data(specification.utf8)
        try WholeFile.write(kind == .specification ? data : drawn(data), to: path)
    }

    /// Reads a specification, writes the picture. The version of Vega-Lite is the one that specifications are written for.
    private static let program = """
        import sys
        sys.path.insert(0, sys.argv[1])
        try:
            import vl_convert
        except ImportError as error:
            sys.exit(f"MISSING {error}")
        specification, kind = sys.stdin.read(), sys.argv[2]
        if kind == "png":
            drawn = vl_convert.vegalite_to_png(specification, vl_version="6.4", scale=2, allowed_base_urls=[])
        elif kind == "svg":
            drawn = vl_convert.vegalite_to_svg(specification, vl_version="6.4", allowed_base_urls=[]).encode()
        else:
            drawn = vl_convert.vegalite_to_html(specification, vl_version="6.4", bundle=True).encode()
        sys.stdout.buffer.write(drawn)
        """

    private func drawn(_ specification: Data) throws -> Data {
        let folder = FileManager.default.temporaryDirectory.appending(path: "gantry-plot-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: folder) }
        // Files, because a pipe that nobody reads stops the process that writes into the other one.
        let (input, output, errors) = (
            folder.appending(path: "in"), folder.appending(path: "out"), folder.appending(path: "errors")
        )
        try specification.write(to: input)
        for file in [output, errors] { try Data().write(to: file) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-I", "-c", Self.program, try GantryHome.find().python.path, kind.rawValue]
        process.standardInput = try FileHandle(forReadingFrom: input)
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        process.waitUntilExit()
        let said = try String(contentsOf: errors, encoding: .utf8).split(separator: "\n").last.map { String($0) } ?? ""
        guard process.terminationStatus == 0 else {
            throw process.terminationStatus == 127 || said.hasPrefix("MISSING")
                ? PlotError.rendererMissing(said.replacing("MISSING ", with: "")) : .rendererFailed(said)
        }
        return try Data(contentsOf: output)
    }
}

/// Why there is no picture. Codes are stable: `PLT1xx`.
enum PlotError: Error, Equatable, CustomStringConvertible {
    case nothingToDraw
    case rendererMissing(String)
    case rendererFailed(String)

    var description: String {
        switch self {
        case .nothingToDraw:
            "PLT101 nothing to draw: no row has a shown figure and a time or a place. Look at it with --format table."
        case .rendererMissing(let why):
            "PLT102 can't start the renderer: \(why). Run `make setup`, or draw into a .vl.json file, which needs none."
        case .rendererFailed(let why):
            "PLT103 the renderer failed: \(why). Draw into a .vl.json file and report it with this message."
        }
    }
}
