import Foundation
import Testing
import Traffic

@testable import Vision

/// A picture with something everywhere: gradients and blocks, the same in every run.
private func testPicture(width: Int, height: Int) throws -> Picture {
    var pixels = [UInt8](repeating: 0, count: width * height * 3)
    for y in 0..<height {
        for x in 0..<width {
            let at = (y * width + x) * 3
            pixels[at] = UInt8(truncatingIfNeeded: x)
            pixels[at + 1] = UInt8(truncatingIfNeeded: y * 2)
            pixels[at + 2] = (x / 40 + y / 30) % 2 == 0 ? 220 : 30
        }
    }
    return try Picture.copying(pixels, width: width, height: height, channels: 3)
}

extension InferenceNetwork {
    /// What the last preparation put into the input.
    fileprivate var input: [Float] { withInput { Array($0) } }
}

/// These need what `make setup` and `make models` install.
@Suite struct InferenceTests {
    private let installed: Installed
    private let openVINO: InferenceBackend
    private let openCV: InferenceBackend

    init() throws {
        installed = try Installed()
        openVINO = try installed.backend(.openvino)
        openCV = try installed.backend(.opencv)
    }

    private func model(_ name: String, _ task: ModelTask) throws -> InstalledModel {
        var model = try installed.store.network(for: task, named: name, on: .openvino)
        // Small, because OpenCV's is slow in a test.
        (model.descriptor.width, model.descriptor.height) = (160, 128)
        return model
    }

    @Test func `both back ends give the same outputs`() throws {
        let face = try model("centerface", .faces)
        let pyramid = try Pyramid()
        try pyramid.set(try testPicture(width: 300, height: 200))
        var outputs: [[[Float]]] = []
        for backend in [openVINO, openCV] {
            let network = try backend.load(face)
            _ = try network.prepare(
                pyramid, region: Box(x: 0, y: 0, width: 300, height: 200), face.descriptor.preparation)
            try network.run()
            #expect(network.outputCount == 3)
            #expect(network.output(0).shape == [1, 1, 32, 40])
            outputs.append((0..<network.outputCount).map { network.output($0).array })
        }
        for (a, b) in zip(outputs[0], outputs[1]) {
            let difference = zip(a, b).map { abs($0 - $1) }.max() ?? .infinity
            #expect(a.count == b.count && difference < 1e-3, "largest difference \(difference)")
            #expect(Set(a).count > 10, "an output that hardly varies shows nothing")
        }
    }

    /// `scripts/darknet-to-onnx` writes what Darknet's files mean: OpenCV reads those, OpenVINO reads the ONNX file.
    @Test func `a network written as ONNX computes what Darknet's files say`() throws {
        let pyramid = try Pyramid()
        try pyramid.set(try testPicture(width: 416, height: 256))
        var layers: [[Int: [Float]]] = []
        for (name, backend) in [("yolov3-tiny", openVINO), ("yolov3-tiny-darknet", openCV)] {
            let model = try installed.store.network(for: .vehicles, named: name, on: backend.runtime)
            let network = try backend.load(model)
            _ = try network.prepare(
                pyramid, region: Box(x: 0, y: 0, width: 416, height: 256), model.descriptor.preparation)
            try network.run()
            var rows: [Int: [Float]] = [:]
            for index in 0..<network.outputCount {
                let output = network.output(index)
                #expect(output.shape.last == 85)
                // Place, size and objectness; OpenCV sets class scores under 0.2 to zero. It also puts the three
                // boxes of a cell together, where the ONNX file puts the cells of a box together.
                let count = output.shape[0], cells = count / 3
                let order = (0..<count).map { backend.kind == .openCV ? $0 % cells * 3 + $0 / cells : $0 }
                rows[count] = order.flatMap { row in (0..<5).map { output.values[row * 85 + $0] } }
            }
            layers.append(rows)
        }
        #expect(layers[0].keys.sorted() == [312, 1248] && layers[1].keys.sorted() == [312, 1248])
        for (count, rows) in layers[0] {
            let other = try #require(layers[1][count])
            #expect(rows.count == other.count)
            let difference = zip(rows, other).map { abs($0 - $1) }.max() ?? .infinity
            #expect(difference < 1e-3, "largest difference \(difference)")
        }
    }

    @Test func `the same input gives the same output, again and again`() throws {
        let face = try model("centerface", .faces)
        let network = try openVINO.load(face)
        let pyramid = try Pyramid()
        var first: [Float] = []
        for round in 0..<3 {
            // Another picture in between must leave nothing behind.
            if round > 0 {
                try pyramid.set(try testPicture(width: 90, height: 200))
                _ = try network.prepare(
                    pyramid, region: Box(x: 0, y: 0, width: 90, height: 200), face.descriptor.preparation)
                try network.run()
            }
            try pyramid.set(try testPicture(width: 300, height: 200))
            _ = try network.prepare(
                pyramid, region: Box(x: 0, y: 0, width: 300, height: 200), face.descriptor.preparation)
            try network.run()
            if round == 0 { first = network.output(0).array }
            #expect(network.output(0).array == first)
        }
    }

    @Test func `a picture is put at the top left or in the middle, the rest filled`() throws {
        let face = try model("centerface", .faces)
        let network = try #require(try openVINO.load(face) as? InferenceNetwork)
        let pyramid = try Pyramid()
        // 80 x 32 at twice its size fills 160 x 64 of 160 x 128.
        try pyramid.set(
            try Picture.copying(
                (0..<(80 * 32)).flatMap { _ in [10, 20, 30] as [UInt8] }, width: 80, height: 32, channels: 3))
        let whole = Box(x: 0, y: 0, width: 80, height: 32)
        let plane = 160 * 128
        let corner = try network.prepare(
            pyramid, region: whole, Preparation(fit: .corner, mean: [1, 2, 3], scale: [2, 2, 0.5], pad: 114))
        #expect(corner == Placement(scaleX: 2, scaleY: 2))
        var input = network.input
        #expect(input[0] == 18 && input[plane] == 36 && input[2 * plane] == 13.5)
        #expect(input[64 * 160] == 226 && input[63 * 160 + 159] == 18 && input[3 * plane - 1] == 55.5)

        let centre = try network.prepare(pyramid, region: whole, Preparation(fit: .centre, colour: .rgb, pad: 7))
        #expect(centre == Placement(scaleX: 2, scaleY: 2, offsetY: 32))
        input = network.input
        #expect(input[0] == 7 && input[31 * 160] == 7 && input[32 * 160] == 30 && input[2 * plane + 95 * 160] == 10)
        #expect(input[96 * 160] == 7 && centre.frame(x: 160, y: 96) == Point(x: 80, y: 32))

        let stretch = try network.prepare(pyramid, region: whole, Preparation(fit: .stretch))
        #expect(stretch == Placement(scaleX: 2, scaleY: 4))
        #expect(Set(network.input.prefix(plane)) == [10])
    }

    @Test func `a large picture is averaged on its way, not sampled`() throws {
        let face = try model("centerface", .faces)
        let network = try #require(try openVINO.load(face) as? InferenceNetwork)
        // Alternating columns of 0 and 200: sampling would keep some of them.
        let pixels = (0..<512).flatMap { _ in (0..<640).flatMap { Array(repeating: UInt8($0 % 2 * 200), count: 3) } }
        let pyramid = try Pyramid()
        try pyramid.set(try Picture.copying(pixels, width: 640, height: 512, channels: 3))
        _ = try network.prepare(pyramid, region: Box(x: 0, y: 0, width: 640, height: 512), Preparation())
        #expect(network.input.allSatisfy { abs($0 - 100) <= 1 })
    }

    @Test func `a region is mapped back to where it was`() throws {
        let face = try model("centerface", .faces)
        let network = try openVINO.load(face)
        let pyramid = try Pyramid()
        try pyramid.set(try testPicture(width: 640, height: 480))
        let placement = try network.prepare(
            pyramid, region: Box(x: 100, y: 50, width: 320, height: 256), Preparation())
        #expect(placement.frame(x: 0, y: 0) == Point(x: 100, y: 50))
        #expect(placement.frame(x: 160, y: 128) == Point(x: 420, y: 306))
        #expect(throws: VisionError.self) {
            try network.prepare(pyramid, region: Box(x: 700, y: 0, width: 10, height: 10), Preparation())
        }
    }

    @Test func `every model that is installed loads, runs and fits its decoder`() throws {
        for task in [ModelTask.vehicles, .plates, .faces] {
            for backend in [openVINO, openCV] {
                for listed in installed.store.manifest.models(for: task) where listed.runsOn.contains(backend.runtime) {
                    guard
                        let model = try? installed.store.network(for: task, named: listed.name, on: backend.runtime)
                    else { continue }
                    let detector = try Detector(model.descriptor, network: try backend.load(model))
                    #expect(detector.descriptor.task == task)
                }
            }
            // At least one, or nothing was tested.
            #expect(throws: Never.self) { try installed.store.network(for: task, on: .openvino) }
        }
    }

    @Test func `a model that is no model is refused by both`() throws {
        let scratch = try ScratchFolder()
        var broken = try model("centerface", .faces)
        let whole = try Data(contentsOf: broken.weights)
        for bytes in [Data(), Data("not a network".utf8), whole.prefix(whole.count / 2)] {
            broken.weights = scratch.url.appending(path: "broken.onnx")
            try bytes.write(to: broken.weights)
            for backend in [openVINO, openCV] {
                #expect(throws: VisionError.self) { try backend.load(broken) }
            }
        }
        broken.weights = scratch.url.appending(path: "absent.onnx")
        for backend in [openVINO, openCV] { #expect(throws: VisionError.self) { try backend.load(broken) } }
    }

    @Test func `an output that the model does not have is named`() throws {
        var face = try model("centerface", .faces)
        face.descriptor.outputs = ["537", "no-such-output", "539"]
        for backend in [openVINO, openCV] {
            let error = #expect(throws: VisionError.self) { try backend.load(face) }
            #expect(error?.description.contains("no-such-output") == true)
        }
    }

    @Test func `OpenVINO is taken where it is installed, and said why`() throws {
        #expect(try installed.backend(.auto).kind == openVINO.kind)
        #expect(try installed.backend(.auto).reason.contains("installed"))
        #expect(openVINO.version.hasPrefix("20"))
    }

    @Test func `without OpenVINO there is OpenCV, unless OpenVINO is asked for`() throws {
        let empty = try ScratchFolder()
        let chosen = try InferenceBackend.choose(home: empty.url)
        #expect(chosen.kind == .openCV && chosen.reason.contains("no libopenvino_c.so"))
        #expect(throws: ModelStoreError.self) {
            try InferenceBackend.choose(home: empty.url, preference: .openvino)
        }
        #expect(try InferenceBackend.choose(home: nil).kind == .openCV)
        // A library that is none.
        try empty.write("not a library", "lib/openvino/libopenvino_c.so.1")
        let other = try InferenceBackend.choose(home: empty.url)
        #expect(other.kind == .openCV && other.reason.contains("does not open"))
    }
}
