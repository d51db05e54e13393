internal import Stages
internal import Traffic
internal import Yams

extension PipelineReading {
    /// A camera's `calibration`: points of the picture that were measured on the road; nil when absent or reported.
    func calibration(_ camera: PipelineSection) -> RoadCalibration? {
        guard camera.has("calibration") else {
            _ = camera.node("calibration")
            return nil
        }
        let section = camera.section("calibration")
        let heading = section.optional("heading", .number(0...360))
        let entries = section.sections("points") ?? []
        let pairs = entries.map { entry in
            let pair = pair(entry)
            entry.close()
            return pair
        }
        section.close()
        guard let mark = section.mark(of: "points") else { return nil }
        guard section.has("points") else {
            document.report(
                .missingKey, at: section.mark, "\(section.path) has no 'points'",
                "list four or more as in '- {x: 412, y: 655, across: 0, along: 0}': pixels, then metres on the road")
            return nil
        }
        let known = pairs.compactMap { $0 }
        guard known.count == pairs.count else { return nil }
        do {
            return try RoadCalibration(known, heading: heading)
        } catch {
            report(error, at: mark, of: section, entries)
            return nil
        }
    }

    private func pair(_ entry: PipelineSection) -> Homography.Pair? {
        let pixels = PipelineFormat<Double>.number(0...65_535)
        let metres = PipelineFormat<Double>.number(-10_000...10_000)
        let picture = "add its place in the picture, pixels of the full frame from the top left, as in 'x: 412, y: 655'"
        let road = "add its place on the road, metres, as in 'across: 3.5, along: 20'"
        let x = entry.required("x", pixels, picture)
        let y = entry.required("y", pixels, picture)
        let across = entry.required("across", metres, road)
        let along = entry.required("along", metres, road)
        guard let x, let y, let across, let along else { return nil }
        return Homography.Pair(picture: Point(x: x, y: y), road: Point(x: across, y: along))
    }

    private func report(
        _ problem: Homography.Problem, at mark: Mark, of section: PipelineSection, _ entries: [PipelineSection]
    ) {
        let name = "\(section.path).points"
        func report(_ what: String, _ remedy: String, at mark: Mark? = mark) {
            document.report(.unusableCalibration, at: mark, what, remedy)
        }
        switch problem {
        case .tooFew(let count):
            report(
                "\(name) has \(count) points", "measure four or more, the corners of a rectangle on the road at best")
        case .degenerate:
            report(
                "\(name) lie in a line, or nearly so, in the picture or on the road",
                "take points that span the road, no three of four in a line, each with its own metres")
        case .beyondHorizon:
            report(
                "\(name) can't be one flat road: some lie beyond the horizon of the others",
                "check that each point of the picture has its own metres, in the same order around the road")
        case .mirrored:
            report(
                "\(name) show the road mirrored",
                "let 'across' grow to the right of someone who looks in the direction in which 'along' grows")
        case .misfit(let point?, let metres):
            report(
                "\(name)[\(point)] lies \(tenths(metres)) m from where the others put it",
                "measure it again, and check that the road is flat there", at: entries[point].mark ?? mark)
        case .misfit(nil, let metres):
            report(
                "\(name) don't fit together: one is off by \(tenths(metres)) m",
                "measure them again, or add one more so that the wrong one shows")
        }
    }
    private func tenths(_ metres: Double) -> String { "\((metres * 10).rounded() / 10)" }
}
