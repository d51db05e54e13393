internal import CVision
public import Traffic

extension Picture {
    /// A deep copy of a part in which every face is reduced to a few averages and blurred; the rest is untouched.
    ///
    /// - Parameters:
    ///   - part: Pixels of this picture, rounded outwards.
    ///   - faces: Pixels of this picture, rounded outwards; what lies outside the part is ignored.
    public func redacted(_ part: Box, hiding faces: [Box]) throws(VisionError) -> Picture {
        let rect = try part.shimmed(inside: self)
        let hidden = faces.map { face in
            // Not cut at the picture's edge: the size of the whole face decides how coarse the averages are.
            let left = face.x.rounded(.down), top = face.y.rounded(.down)
            return vision_rect(
                x: Int32(left), y: Int32(top), width: Int32(face.maxX.rounded(.up) - left),
                height: Int32(face.maxY.rounded(.up) - top))
        }
        return try Picture.made { image, error in
            hidden.withUnsafeBufferPointer {
                vision_image_redacted(handle, rect, $0.baseAddress, Int32(hidden.count), image, &error)
            }
        }
    }
}
