import Foundation
import Testing
import Traffic

@testable import Vision

private let good = """
    task: vehicles
    model: some.onnx
    decode: yolox
    input:
      width: 416
      height: 320
      colour: rgb
      mean: [1, 2, 3]
      scale: 0.5
      fit: letterbox-centre
      pad: 0
    outputs: [boxes]
    classes: {2: car, 7: truck}
    score: 0.3
    overlap: 0.5
    """

@Suite struct ModelDescriptorTests {
    @Test func `a descriptor says everything about a model`() throws {
        let made = try ModelDescriptor(yaml: good, file: "a.yaml")
        #expect(
            made
                == ModelDescriptor(
                    task: .vehicles, model: "some.onnx", decode: .yolox, width: 416, height: 320,
                    preparation: Preparation(
                        fit: .centre, colour: .rgb, mean: [1, 2, 3], scale: [0.5, 0.5, 0.5], pad: 0),
                    outputs: ["boxes"], classes: [2: .car, 7: .truck], score: 0.3, overlap: 0.5))
    }

    @Test(arguments: [
        ("score: 0.3", "score: 1.3", 14, "'score' must be a number"),
        ("decode: yolox", "decode: yolo9000", 3, "'decode' must be one of"),
        ("task: vehicles", "task: people", 1, "'task' must be one of"),
        ("  width: 416", "  width: 4.5", 5, "'input.width' must be a whole number"),
        ("  pad: 0", "  padding: 0", 11, "unknown key 'input.padding'"),
        ("overlap: 0.5", "nms: 0.5", 15, "unknown key 'nms'"),
        ("overlap: 0.5", "sure: 0.5", 15, "'sure' is for plates"),
        ("overlap: 0.5", "hide: 0.2", 15, "'hide' is for plates"),
        ("overlap: 0.5", "nested: 85", 15, "'nested' must be a number"),
        ("  mean: [1, 2, 3]", "  mean: [1, 2]", 8, "'input.mean' must be a number or a list of three"),
        ("{2: car, 7: truck}", "{2: car, 7: pedestrian}", 13, "'classes.7' must be one of"),
        ("{2: car, 7: truck}", "{two: car}", 13, "where a class number belongs"),
        ("outputs: [boxes]", "outputs: [a, b]", 3, "takes 0...1 names"),
        ("decode: yolox", "decode: yunet", 3, "does not find vehicles"),
        ("model: some.onnx", "", 1, "'model' is missing"),
        ("  colour: rgb\n", "", 5, "'input.colour' is missing"),
        ("model: some.onnx", "model: [", 4, "not YAML"),
    ])
    func `what is wrong is named with its line`(old: String, new: String, line: Int, what: String) {
        let error = #expect(throws: ModelFileError.self) {
            try ModelDescriptor(yaml: good.replacing(old, with: new), file: "a.yaml")
        }
        guard case .invalid(_, let problems)? = error else { return }
        #expect(problems.contains { $0.line == line && $0.what.contains(what) }, "\(problems)")
    }

    @Test func `all problems are reported at once`() {
        let bad = good.replacing("score: 0.3", with: "score: 7").replacing("fit: letterbox-centre", with: "fit: tight")
        let error = #expect(throws: ModelFileError.self) { try ModelDescriptor(yaml: bad, file: "a.yaml") }
        guard case .invalid(let file, let problems)? = error else { return }
        #expect(file == "a.yaml" && problems.map(\.line) == [10, 14])
    }

    @Test(arguments: ["", "- a\n- b", "just words"])
    func `a file that is no descriptor is refused`(text: String) {
        #expect(throws: ModelFileError.self) { try ModelDescriptor(yaml: text, file: "a.yaml") }
    }
}
