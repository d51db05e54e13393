import ArgumentParser
import Foundation
import Logging
import StageRunner
import Vision

/// What `gantry doctor` and `gantry check` ask about pictures: they link no OpenCV themselves.
struct DoctorVisionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor-vision", abstract: "Back end, libraries, models and grammars, for `gantry doctor`.",
        shouldDisplay: false)

    @Flag(help: "As JSON.")
    var json = false

    func run() async throws {
        let home = try GantryHome.find()
        var lines: [DoctorLine] = []
        do {
            lines.append(DoctorLine("back end", .ok, try InferenceBackend.choose(home: home.directory).description))
        } catch {
            lines.append(DoctorLine("back end", .failed, "\(error)", remedy: "run `make setup`"))
        }
        let version = OpenCV.version
        lines.append(
            DoctorLine("OpenCV", .ok, "\(version / 10_000).\(version / 100 % 100).\(version % 100)"))
        lines.append(DoctorLine("Tesseract", .ok, TesseractReader.engineVersion))
        var models: [VisionReport.Model] = []
        do {
            let store = try ModelStore.standard(home: home.directory)
            models = store.manifest.models.compactMap { model in
                PipelineModelTask(rawValue: model.task.rawValue).map { task in
                    VisionReport.Model(
                        name: model.name, task: task, problem: store.trouble(with: model).map { "\($0)" })
                }
            }
            do {
                let recipe = try PlateReaderRecipe(ReaderSettings(), store: store)
                lines.append(DoctorLine("reader", .ok, "\(recipe.model.lastPathComponent), grammars loaded"))
            } catch {
                lines.append(DoctorLine("reader", .failed, "\(error)", remedy: "run `make models`"))
            }
        } catch {
            lines.append(DoctorLine("models", .failed, "\(error)", remedy: "run `make models`"))
        }
        let report = VisionReport(lines: lines, models: models)
        if json {
            print(String(decoding: try JSONEncoder().encode(report), as: UTF8.self))
        } else {
            for line in lines { print("\(line.name): \(line.found)") }
            for model in models { print("model \(model.name): \(model.problem ?? "installed")") }
        }
    }
}
