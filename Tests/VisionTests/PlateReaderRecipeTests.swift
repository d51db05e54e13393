import Foundation
import Grammars
import Stages
import Testing
import Traffic

@testable import Vision

@Suite struct PlateReaderRecipeTests {
    private func store() throws -> ModelStore {
        try ModelStore(folders: [URL(filePath: packageFolder() + "/models")])
    }

    @Test func `the committed reader is found, checked and usable`() throws {
        let recipe = try PlateReaderRecipe(ReaderSettings(), store: store())
        #expect(recipe.model.lastPathComponent == "gantry.traineddata")
        _ = try recipe.makeStage()
    }

    @Test func `an unknown reader names those there are`() throws {
        var settings = ReaderSettings()
        settings.reader = "abacus"
        #expect(throws: PlateReaderError.unknownReader("abacus", known: ["tesseract"])) {
            _ = try PlateReaderRecipe(settings, store: try store())
        }
    }

    @Test func `the operator's grammars and threshold take the place of ours`() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "grammars-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        try "version: 1\nlook_alikes: []\nregions: [{code: zz, name: Test, patterns: [LLL]}]\n"
            .write(to: file, atomically: true, encoding: .utf8)
        var settings = ReaderSettings()
        settings.grammars = file
        settings.abstain = 1
        #expect(throws: GrammarError.self) { _ = try PlateReaderRecipe(settings, store: try store()) }
        try "version: 1\nlook_alikes: []\nshortest: 3\nregions: [{code: zz, name: Test, patterns: [LLL]}]\n"
            .write(to: file, atomically: true, encoding: .utf8)
        let line = RawLine(
            symbols: "ABC".utf8.map { RawSymbol(choices: [RawChoice(character: $0, probability: 0.999)]) })
        let read = try PlateReaderRecipe(settings, store: store()).interpreter
            .interpret(RawRead(lines: [line], sharpness: 1))
        #expect(read.region == "zz" && read.text?.text == "ABC" && read.reason == .lowConfidence)
    }
}
