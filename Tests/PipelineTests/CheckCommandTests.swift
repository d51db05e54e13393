import Fixtures
import Foundation
import Testing

/// `gantry check` as its user runs it, without a broker, a database or models.
@Suite struct CheckCommandTests {
    private func check(_ more: String, _ arguments: String...) throws -> (status: Int32, errors: String, output: String)
    {
        let file = FileManager.default.temporaryDirectory.appending(path: "check-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        let text = """
            name: city
            cameras:
              - {id: north, source: "rtsp://127.0.0.1:1/none", longitude: 4.1, latitude: 50.8}
            \(more)
            """
        try Data(text.utf8).write(to: file)
        let process = Process()
        process.executableURL = CityFixture.products.appending(path: "gantry")
        process.arguments = ["check", file.path, "--offline"] + arguments
        process.currentDirectoryURL = URL(filePath: Postgres.root)
        let (errors, output) = (Pipe(), Pipe())
        process.standardError = errors
        process.standardOutput = output
        try process.run()
        let said = errors.fileHandleForReading.readDataToEndOfFile()
        let shown = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (
            process.terminationStatus, String(decoding: said, as: UTF8.self), String(decoding: shown, as: UTF8.self)
        )
    }

    @Test func `a file without Kafka sends no frame anywhere, and nothing is said`() throws {
        let checked = try check("")
        #expect(checked.status == 0 && checked.output.contains("fine"), "\(checked)")
        #expect(!checked.errors.contains("note:"))
        #expect(try check("", "--format", "json").output.filter { !$0.isWhitespace }.contains("\"notes\":[]"))
    }

    @Test func `a file with Kafka is fine, and says where whole frames would go`() throws {
        let kafka = "kafka: {brokers: [\"127.0.0.1:9092\"], frame_retention: 2m}"
        let checked = try check(kafka)
        #expect(checked.status == 0 && checked.output.contains("fine"), "\(checked)")
        for part in ["note: ", "show faces and plates", "city.frames", "120.0 seconds", "--stages decode,detect"] {
            #expect(checked.errors.contains(part), "\(part): \(checked.errors)")
        }
        #expect(try check(kafka, "--format", "json").output.contains("city.frames"))
    }

    @Test func `faces can't be switched off`() throws {
        for value in ["off", "none", "\"no\"", "\"false\""] {
            let checked = try check("detect: {faces: \(value)}")
            #expect(checked.status == 1, "\(value): \(checked)")
            #expect(checked.output.contains("no crop leaves without a face pass"), "\(value): \(checked)")
        }
    }
}
