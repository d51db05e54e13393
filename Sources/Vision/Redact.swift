internal import CVision
public import Traffic

extension Picture {
    /// Six averages across the shorter side of a face: less than anyone is known by.
    private static let faceCells: Int32 = 6
    /// One average for a square as high as the plate, which holds two characters or three.
    private static let plateCells: Int32 = 1

    /// A deep copy of a part in which every face and plate named is reduced to a few averages and blurred; the rest is
    /// untouched.
    ///
    /// - Parameters:
    ///   - part: Pixels of this picture, rounded outwards.
    ///   - faces: Pixels of this picture, rounded outwards; those that lie outside the part are ignored.
    ///   - plates: The same, with far fewer averages.
    public func redacted(
        _ part: Box, hiding faces: [Box], plates: [Box] = []
    ) throws(VisionError) -> Picture {
        let rect = try part.shimmed(inside: self)
        // Plates last: a face's finer averages never lie on what was a plate.
        let hidden = faces.map { $0.hidden(Self.faceCells) } + plates.map { $0.hidden(Self.plateCells) }
        return try Picture.made { image, error in
            hidden.withUnsafeBufferPointer {
                vision_image_redacted(handle, rect, $0.baseAddress, Int32(hidden.count), image, &error)
            }
        }
    }
}

extension Box {
    /// Not cut at the picture's edge: the size of the whole decides how coarse the averages are.
    fileprivate func hidden(_ cells: Int32) -> vision_hidden {
        let left = x.rounded(.down), top = y.rounded(.down)
        return vision_hidden(
            rect: vision_rect(
                x: Int32(left), y: Int32(top), width: Int32(maxX.rounded(.up) - left),
                height: Int32(maxY.rounded(.up) - top)),
            cells: cells)
    }
}
