import Testing
import Traffic

@testable import Vision

private func near(_ a: Box, _ b: Box, _ tolerance: Double = 0.01) -> Bool {
    abs(a.x - b.x) < tolerance && abs(a.y - b.y) < tolerance && abs(a.width - b.width) < tolerance
        && abs(a.height - b.height) < tolerance
}

@Suite struct DecodeTests {
    private func decoded(_ descriptor: ModelDescriptor, _ network: ScriptedNetwork) throws -> [Finding] {
        try Decoder(descriptor, score: descriptor.score).findings(network)
    }

    @Test func `yolox counts cells from the top left, stride by stride`() throws {
        // 64 x 32 input: 32 rows at stride 8, 8 at 16, 2 at 32. Row 33 is cell (1, 0) of stride 16.
        let row = 33 * 8
        let values: [(Int, Float)] = [(0, 0.5), (1, 0.25), (4, 0.9), (6, 0.8), (7, 0.4)]
        let network = ScriptedNetwork(
            width: 64, height: 32, [.init(1, 42, 8, at: values.map { (row + $0.0, $0.1) })])
        let found = try decoded(.plain(.vehicles, .yolox, 64, 32, classes: [1: .car, 2: .bus]), network)
        #expect(found.count == 1)
        #expect(near(found[0].box, Box(x: 16, y: -4, width: 16, height: 16)))
        #expect(found[0].label == 1 && abs(found[0].score - 0.72) < 1e-6)
    }

    @Test func `yolox ignores classes that the descriptor does not list`() throws {
        let network = ScriptedNetwork(width: 64, height: 32, [.init(1, 42, 8, at: [(4, 1), (5, 1)])])
        #expect(try decoded(.plain(.vehicles, .yolox, 64, 32, classes: [1: .car]), network).isEmpty)
    }

    @Test func `yolov8 reads columns, in input pixels`() throws {
        // Three anchors, two classes: channels x anchors.
        let network = ScriptedNetwork(
            width: 64, height: 64,
            [.init(1, 6, 3, at: [(1, 30), (4, 20), (7, 10), (10, 8), (13, 0.2), (16, 0.7)])])
        let found = try decoded(.plain(.vehicles, .yolov8, 64, 64, classes: [0: .car, 1: .truck]), network)
        #expect(found.count == 1 && found[0].label == 1)
        #expect(near(found[0].box, Box(x: 25, y: 16, width: 10, height: 8)))
    }

    @Test func `yolov3 reads rows of every region layer, in shares of the input`() throws {
        let network = ScriptedNetwork(
            width: 100, height: 200,
            [
                .init(2, 7, at: [(7, 0.5), (8, 0.5), (9, 0.2), (10, 0.1), (11, 0.9), (13, 0.8)]),
                .init(1, 7, at: [(0, 0.1), (1, 0.1), (2, 0.1), (3, 0.1), (4, 0.6), (5, 0.55)]),
            ])
        let found = try decoded(.plain(.vehicles, .yolov3, 100, 200, classes: [0: .car, 1: .bus]), network)
        #expect(found.map(\.label) == [1, 0])
        #expect(near(found[0].box, Box(x: 40, y: 90, width: 20, height: 20)))
    }

    @Test func `centerface gives height before width`() throws {
        // 32 x 16 input: 8 x 4 cells. Cell (3, 2) is number 19.
        let network = ScriptedNetwork(
            width: 32, height: 16,
            [.init(1, 1, 4, 8, at: [(19, 0.9)]), .init(1, 2, 4, 8, at: [(19, 1)]), .init(1, 2, 4, 8, at: [(19, 0.5)])])
        let found = try decoded(.plain(.faces, .centerface, 32, 16), network)
        #expect(found.count == 1)
        let high = 4 * 2.718281828, centreY = (2 + 0.5 + 0.5) * 4.0
        #expect(near(found[0].box, Box(x: 14 - 2, y: centreY - high / 2, width: 4, height: high)))
    }

    @Test func `yunet multiplies class and objectness under a root`() throws {
        // 32 x 32 input: 16, 4 and 1 cells.
        let sizes = [16, 4, 1]
        var outputs = sizes.map { ScriptedNetwork.Output(1, $0, 1) } + sizes.map { .init(1, $0, 1) }
        outputs[1].values[3] = 0.81
        outputs[4].values[3] = 1
        outputs += sizes.map { .init(1, $0, 4) }
        outputs[7].values[12] = 0.5
        let found = try decoded(.plain(.faces, .yunet, 32, 32), ScriptedNetwork(width: 32, height: 32, outputs))
        #expect(found.count == 1 && abs(found[0].score - 0.9) < 1e-6)
        #expect(near(found[0].box, Box(x: 24 - 8, y: 16 - 8, width: 16, height: 16)))
    }

    @Test func `clp_det's priors go from the smallest stride, two to a cell`() throws {
        // 32 x 32 input: 16 + 4 + 1 cells, two priors each. Row 3 is cell (1, 0), prior 48.
        let corners: [(Int, Float)] = [(0, -2), (1, -1), (2, 2), (3, -1), (4, 2), (5, 1), (6, -2), (7, 1)]
        let network = ScriptedNetwork(
            width: 32, height: 32,
            [
                .init(1, 42, 4), .init(1, 42, 2, at: [(7, 0.9)]),
                .init(1, 42, 8, at: corners.map { (24 + $0.0, $0.1) }),
            ])
        let found = try decoded(.plain(.plates, .clpDet, 32, 32), network)
        #expect(found.count == 1)
        #expect(near(found[0].box, Box(x: 12 - 9.6, y: 4 - 4.8, width: 19.2, height: 9.6)))
        #expect(abs(found[0].corners!.topLeft.x - 2.4) < 0.01 && abs(found[0].corners!.bottomRight.y - 8.8) < 0.01)
    }

    @Test func `lpd_yunet has 4385 priors at 320 x 240`() throws {
        #expect(PriorBoxes.lpdYuNet(width: 320, height: 240).rows.count == 4385)
        // The last row: columns 4 and 6 of the corners, the second confidence, the overlap.
        let network = ScriptedNetwork(
            width: 320, height: 240,
            [
                .init(4385, 14, at: [(61380, -0.5), (61382, 0.5)]), .init(4385, 2, at: [(8769, 0.81)]),
                .init(4385, 1, at: [(4384, 1)]),
            ])
        let found = try decoded(.plain(.plates, .lpdYuNet, 320, 240), network)
        #expect(found.count == 1 && abs(found[0].score - 0.9) < 1e-6)
    }

    @Test func `a corner map gives one plate a peak`() throws {
        // 32 x 16 input: 4 x 2 cells; a peak at (1, 1) with a slope beside it.
        var output = ScriptedNetwork.Output(1, 9, 2, 4, at: [(5, 0.9), (6, 0.8), (4, 0.7)])
        for (channel, offset) in zip(1...8, [-1, -0.5, 1, -0.5, 1, 0.5, -1, 0.5] as [Float]) {
            output.values[channel * 8 + 5] = offset
        }
        let found = try decoded(
            .plain(.plates, .cornerMap, 32, 16), ScriptedNetwork(width: 32, height: 16, [output]))
        #expect(found.count == 1)
        #expect(near(found[0].box, Box(x: 4, y: 8, width: 16, height: 8)))
    }

    @Test(arguments: DecodeKind.allCases)
    func `outputs of another shape are refused`(kind: DecodeKind) {
        let descriptor = ModelDescriptor.plain(
            kind == .yolox || kind == .yolov8 || kind == .yolov3 ? .vehicles : .plates, kind, 64, 64,
            classes: [2: .car])
        let network = ScriptedNetwork(width: 64, height: 64, [.init(3, 2, 5)])
        #expect(throws: VisionError.self) { try Detector(descriptor, network: network) }
    }

    @Test func `four corners in any order come out clockwise from the top left`() {
        let corners = [Point(x: 0, y: 5), Point(x: 100, y: 0), Point(x: 101, y: 20), Point(x: 1, y: 25)]
        for shift in 0..<4 {
            let turned = (0..<4).map { corners[($0 + shift) % 4] }
            #expect(Quadrilateral(unordered: turned).points == corners)
        }
        // Leaning by 30 degrees: the bottom left corner is higher than the top right one.
        let leaning = [Point(x: 50, y: 10), Point(x: 140, y: 62), Point(x: 130, y: 79), Point(x: 40, y: 27)]
        #expect(Quadrilateral(unordered: leaning.shuffled()).points == leaning)
    }

    @Test func `the better of two overlapping finds stays, whatever their order`() {
        let findings = [
            Finding(box: Box(x: 0, y: 0, width: 10, height: 10), score: 0.6),
            Finding(box: Box(x: 1, y: 0, width: 10, height: 10), score: 0.9),
            Finding(box: Box(x: 30, y: 0, width: 10, height: 10), score: 0.5),
        ]
        for order in [findings, findings.reversed()] {
            #expect(suppressed(order, overlap: 0.4).map(\.score) == [0.9, 0.5])
        }
        #expect(suppressed(findings, overlap: 0.4, limit: 1).count == 1)
    }

    @Test func `a piece of a vehicle goes, a small vehicle behind it stays`() {
        let whole = Finding(box: Box(x: 100, y: 100, width: 200, height: 160), score: 0.6, label: 2)
        let piece = Finding(box: Box(x: 150, y: 120, width: 80, height: 120), score: 0.9, label: 2)
        let behind = Finding(box: Box(x: 100, y: 102, width: 40, height: 40), score: 0.5, label: 2)
        let beside = Finding(box: Box(x: 260, y: 120, width: 100, height: 100), score: 0.4, label: 7)
        let all = [piece, whole, behind, beside]
        #expect(suppressed(all, overlap: 0.45) == all)
        #expect(suppressed(all, overlap: 0.45, nested: 0.85) == [whole, behind, beside])
    }

    @Test func `a find in the padding of a letterbox is dropped, one at the edge is cut`() throws {
        // A 40 x 20 picture in a 64 x 64 input at 1.6: rows below 32 are padding.
        let network = ScriptedNetwork(
            width: 64, height: 64,
            [
                .init(
                    1, 5, 2,
                    at: [(0, 32), (1, 32), (2, 50), (3, 2), (4, 16), (5, 16), (6, 8), (7, 16), (8, 0.9), (9, 0.8)])
            ])
        let detector = try Detector(.plain(.vehicles, .yolov8, 64, 64, classes: [0: .car]), network: network)
        let pyramid = try Pyramid()
        try pyramid.set(try Picture.copying(Array(repeating: 0, count: 2400), width: 40, height: 20, channels: 3))
        let found = try detector.findings(pyramid)
        #expect(found.count == 1)
        #expect(near(found[0].box, Box(x: 15, y: 0, width: 10, height: 6.25)))
    }
}
